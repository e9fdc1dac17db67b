// Uploads a file with tus-js-client, as its documentation has it, and prints where the upload is.
// Goes on where an earlier run with the same state ended; breaks off after `until` bytes.

import { createReadStream, statSync } from "node:fs";
import { createRequire } from "node:module";

const wish = JSON.parse(process.argv[2]);
const { FileUrlStorage, Upload } = createRequire(`${wish.modules}/`)("tus-js-client");

const report = { began_at: 0, failures: 0 };
const say = (upload) => console.log(JSON.stringify({ ...report, url: upload.url }));
const upload = new Upload(createReadStream(wish.file), {
  endpoint: wish.endpoint,
  headers: { Authorization: `Bearer ${wish.token}` },
  metadata: { filename: "predictions.csv", competition: wish.competition, purpose: wish.purpose },
  chunkSize: wish.chunk,
  uploadSize: statSync(wish.file).size,
  uploadDataDuringCreation: wish.with_creation ?? false,
  overridePatchMethod: wish.override_method ?? false,
  retryDelays: wish.retries ?? null,
  urlStorage: new FileUrlStorage(wish.state),
  onShouldRetry: () => { report.failures += 1; return true; },
  onChunkComplete: (_, accepted) => {
    if (wish.until && accepted >= wish.until) {
      upload.abort().then(() => say(upload));
    }
  },
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => say(upload),
});
const earlier = await upload.findPreviousUploads();
if (earlier.length > 0) {
  report.began_at = 1;
  upload.resumeFromPreviousUpload(earlier[0]);
}
upload.start();
