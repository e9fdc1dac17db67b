// A whole installation of its own: `holdout up` in a folder that is removed at the end.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;
const PATIENCE_MS = 90_000;

function binary() {
  const named = process.env.HOLDOUT_BIN;
  const candidates = named ? [named] : ["target/release/holdout", "target/debug/holdout"];
  const found = candidates.map((path) => resolve(ROOT, path)).find(existsSync);
  if (!found) throw new Error(`build it first: cargo build (there is no ${candidates.join(" or ")})`);
  return found;
}

export async function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function startHouse(settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), "holdout-browser-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env,
    DATABASE_URL: "",
    HOLDOUT_DATA_DIR: folder,
    HOLDOUT_LISTEN: `127.0.0.1:${port}`,
    HOLDOUT_PUBLIC_URL: url,
    ...settings,
  };
  const child = spawn(binary(), ["up", "--empty"], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await answering(`${url}/readyz`, child, () => said);
  return {
    url,
    said: () => said,
    adminLink: () => JSON.parse(execFileSync(binary(), ["admin-link", "--json"], { cwd: ROOT, env })).link,
    async stop() {
      child.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(url, child, said) {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`holdout up ended:\n${said()}`);
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    if (Date.now() > until) throw new Error(`holdout up does not answer:\n${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
