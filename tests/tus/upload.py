"""Uploads a file with tuspy, as its documentation has it, and prints where the upload is.

Goes on where an earlier run with the same STATE ended; UNTIL bytes are sent at most.
"""

import json
import sys

from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

wish = json.loads(sys.argv[1])
client = TusClient(wish["endpoint"], headers={"Authorization": f"Bearer {wish['token']}"})
uploader = client.uploader(
    wish["file"],
    chunk_size=wish["chunk"],
    metadata={"filename": "predictions.csv", "competition": wish["competition"], "purpose": wish["purpose"]},
    retries=wish.get("retries", 0),
    retry_delay=1,
    store_url=True,
    url_storage=FileStorage(wish["state"]),
    upload_checksum=wish.get("checksum", False),
)
began_at = uploader.offset
uploader.upload(stop_at=wish.get("until"))
print(json.dumps({"url": uploader.url, "began_at": began_at, "offset": uploader.offset}))
