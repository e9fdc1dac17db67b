// A certified provider of OpenID Connect on this machine, with a certificate by an authority that nobody else knows.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import Provider from "oidc-provider";

const CLIENT_SECRET = "of the client, for the provider alone";
const openssl = (folder, ...args) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });

/** Makes an authority and what it signs for this machine; the path of the authority's certificate. */
export function makeCertificates(folder) {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  openssl(folder, "req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Authority of a test");
  openssl(
    folder, "req", "-x509", ...key, "-keyout", "lab.key", "-out", "lab.pem", "-subj", "/CN=localhost",
    "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE",
  );
  return join(folder, "ca.pem");
}

export const listed = (issuer, secretFile) =>
  JSON.stringify([{ name: "lab", title: "The lab", issuer, client_id: "holdout", client_secret_file: secretFile }]);

export { CLIENT_SECRET };

export async function startLab(folder, port, site) {
  const client = {
    client_id: "holdout",
    client_secret: CLIENT_SECRET,
    application_type: "native", // what may come back to a site without TLS on this machine
    redirect_uris: [`${site}/sign-in/with/lab/return`],
    post_logout_redirect_uris: [`${site}/signed-out`],
    backchannel_logout_uri: `${site}/sign-in/with/lab/back-channel-logout`,
    backchannel_logout_session_required: true,
  };
  const provider = new Provider(`https://localhost:${port}`, {
    clients: [client],
    claims: { openid: ["sub", "sid"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: false, // what scopes ask for stands in the ID token, as at most providers
    features: { backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `${id} of the lab`, email: `${id}@lab.test`, email_verified: true }),
    }),
    cookies: { keys: ["of a test"] },
  });
  const certificate = { key: readFileSync(join(folder, "lab.key")), cert: readFileSync(join(folder, "lab.pem")) };
  const server = createServer(certificate, provider.callback());
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    address: provider.issuer,
    stop: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
