// Large files through the pages: notebooks in one request, submissions and bundles of other platforms in parts.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";

const WIDE = { viewport: { width: 1280, height: 900 } };
const MIB = 1 << 20;
const PATIENCE_MS = 120_000;

const stage = openStage();
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdout-large-"));
});

after(async () => {
  rmSync(folder, { recursive: true, force: true });
});

/** Counts the parts that a person's pages send. */
async function countParts(person) {
  const sent = { parts: 0 };
  await person.page.route("**/api/v1/uploads/*", (route) => {
    if (route.request().method() === "PATCH") sent.parts += 1;
    return route.continue();
  });
  return sent;
}

async function send(person, path, file, button) {
  await person.go(path);
  await person.page.locator("input[type=file]").setInputFiles(file);
  await person.page.getByRole("button", { name: button }).first().click();
}

async function photograph(person, name) {
  const place = process.env.HOLDOUT_SCREENSHOTS;
  if (!place) return;
  mkdirSync(place, { recursive: true });
  for (const width of [1280, 390]) {
    await person.page.setViewportSize({ width, height: 900 });
    await person.page.screenshot({ path: `${place}/${name}-${width}.png`, fullPage: true });
  }
}

test("a notebook of more than 8 MB is shared and comes back byte for byte", async () => {
  const author = await Person.arrive(stage.browser, stage.house.url, WIDE);
  await author.register("writer");
  const sent = await countParts(author);
  const picture = randomBytes(7 * MIB).toString("base64");
  const output = { output_type: "display_data", metadata: {}, data: { "application/x-noise": picture } };
  const notebook = JSON.stringify({
    cells: [
      { cell_type: "markdown", metadata: {}, source: "# A long evening" },
      { cell_type: "code", metadata: {}, execution_count: 1, source: "noise()", outputs: [output] },
    ],
    metadata: { kernelspec: { name: "python3", display_name: "Python 3" }, language_info: { name: "python" } },
    nbformat: 4,
    nbformat_minor: 5,
  });
  assert.ok(notebook.length > 9 * MIB);
  const file = join(folder, "evening.ipynb");
  writeFileSync(file, notebook);
  await send(author, "/notebooks/new", file, "Share it");
  await author.page.waitForURL("**/n/writer/**", { timeout: PATIENCE_MS });
  await author.page.getByRole("heading", { name: "A long evening" }).first().waitFor();
  assert.equal(sent.parts, 0, "its form names no purpose");
  const address = new URL(author.page.url()).pathname;
  const [name] = address.split("/").slice(3);
  const stored = await author.page.request.get(`/n/writer/${name}/versions/1/file`);
  assert.equal(stored.status(), 200);
  assert.ok(Buffer.from(notebook).equals(await stored.body()), "what was sent is what is stored");
  author.nothingWasWrong();
});

test("a submission of more than 8 MB travels in parts and is scored", async () => {
  const rows = Array.from({ length: 45_000 }, (_, row) => `${"row-".repeat(50)}${row}`);
  const table = (line) => ["id,target", ...rows.map(line)].join("\n");
  const sample = table((id) => `${id},0`);
  const solution = ["id,target,Usage", ...rows.map((id, row) => `${id},${row % 7},${row % 3 ? "Private" : "Public"}`)].join("\n");
  const host = await Person.arrive(stage.browser, stage.house.url, WIDE);
  await host.register("keeper");
  const slug = await host.hostStepByStep("Long names", { sample, solution, metric: "rmse" });

  const player = await Person.arrive(stage.browser, stage.house.url, WIDE);
  await player.register("player");
  await player.join(slug);
  const sent = await countParts(player);
  const file = join(folder, "predictions.csv");
  writeFileSync(file, table((id, row) => `${id},${(row % 7) + 2}`));
  await send(player, `/c/${slug}/submit`, file, /submit|send/i);
  await player.page.waitForURL("**/submissions/**", { timeout: PATIENCE_MS });
  assert.equal(sent.parts, 2, "9 MB are two parts");
  await player.reading(`/c/${slug}/leaderboard`, "2.0");
  assert.equal(await player.page.evaluate(() => localStorage.length), 0, "nothing is remembered of what was used");
  for (const person of [host, player]) person.nothingWasWrong();
});

test("a bundle of more than 32 MiB travels in parts, and its report is read", async () => {
  const files = {
    "overview.md": "# Houses of Ames\n\nPredict *prices*.",
    "train.bin": randomBytes(34 * MIB),
    "solution.csv": "id,target,Usage\nr1,1,Public\nr2,2,Private\nr3,3,Private\n",
    "sample_submission.csv": "id,target\nr1,0\nr2,0\nr3,0\n",
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const bundle = join(folder, "houses.tar.gz");
  execFileSync("tar", ["-czf", bundle, "-C", folder, ...Object.keys(files)]);

  const host = await Person.arrive(stage.browser, stage.house.url, WIDE);
  await host.register("mover");
  const sent = await countParts(host);
  await host.go("/new/from-bundle");
  await photograph(host, "bundle-send");
  await send(host, "/new/from-bundle", bundle, "Read it and show the report");
  await host.page.waitForURL(/from-bundle\/[0-9a-f-]{36}$/, { timeout: PATIENCE_MS });
  assert.equal(sent.parts, 5, "34 MiB are five parts");
  await host.lookOver();
  await photograph(host, "bundle-report");
  for (const words of ["Houses of Ames", "a solution", "train.bin"]) {
    assert.ok((await host.page.locator("main").innerText()).includes(words), words);
  }
  assert.equal(await host.page.evaluate(() => localStorage.length), 0, "no key is remembered of what was read");
  await host.press("Make the draft");
  const stored = await host.page.request.get("/c/houses-of-ames/data/train.bin");
  assert.ok(files["train.bin"].equals(await stored.body()), "what was sent is what is stored");
  host.nothingWasWrong();
});
