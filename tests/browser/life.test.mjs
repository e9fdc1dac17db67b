// A host creates, a participant joins and submits, the board moves: with scripts and without.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";

// What README promises of a first visit, headers of answers included: style sheet and scripts are kept for the next page.
const FIRST_VISIT_BYTES = 16 * 1024;
const FIRST_VISIT_BYTES_OF_A_BOARD = 20 * 1024;
const WAYS = [
  { way: "with scripts", tag: "js", options: { javaScriptEnabled: true, viewport: { width: 1280, height: 900 } } },
  { way: "without scripts", tag: "plain", options: { javaScriptEnabled: false, viewport: { width: 390, height: 844 } } },
];

const rows = Array.from({ length: 200 }, (_, row) => row);
const SOLUTION = ["id,target,Usage", ...rows.map((row) => `r${row},${row},${row % 3 ? "Private" : "Public"}`)].join("\n");
const predictions = (error) => ["id,target", ...rows.map((row) => `r${row},${row + error}`)].join("\n");
const table = () => {
  const lines = rows.map((row) => `${(row * 37) % 101},${(row * 53) % 17},${((row * 37) % 101) * 2 + ((row * 53) % 17)}`);
  return ["width,depth,price", ...lines].join("\n");
};

const stage = openStage();

for (const { way, tag, options } of WAYS) {
  test(`step by step, ${way}`, async () => {
    const host = await Person.arrive(stage.browser, stage.house.url, options);
    await host.register(`host-${tag}`);
    const files = { sample: predictions(0).replace(/,\d+$/gm, ",0"), solution: SOLUTION, metric: "rmse" };
    const slug = await host.hostStepByStep(`Straight lines ${tag}`, files);

    const participant = await Person.arrive(stage.browser, stage.house.url, options);
    await participant.register(`player-${tag}`);
    await participant.join(slug);
    await participant.submit(slug, predictions(3));
    await participant.reading(`/c/${slug}/leaderboard`, "3.0");

    const visitor = await Person.arrive(stage.browser, stage.house.url, options);
    await visitor.go(`/c/${slug}/leaderboard`);
    await participant.submit(slug, predictions(0.5));
    if (options.javaScriptEnabled) {
      await visitor.page.getByText("0.5").first().waitFor({ timeout: 30_000 }); // no reload: the board moves by itself
    } else {
      await visitor.reading(`/c/${slug}/leaderboard`, "0.5");
    }

    await participant.submit(slug, predictions(1).replace("r7,", "r777,"));
    await participant.reading(`/c/${slug}/submissions`, /r777|unknown/i);
    for (const person of [host, participant, visitor]) person.nothingWasWrong();
  });

  test(`from one table, ${way}`, async () => {
    const host = await Person.arrive(stage.browser, stage.house.url, options);
    await host.register(`seller-${tag}`);
    const slug = await host.hostFromTable(`Prices ${tag}`, "price", table());
    const participant = await Person.arrive(stage.browser, stage.house.url, options);
    await participant.register(`buyer-${tag}`);
    await participant.join(slug);
    const sample = await participant.page.request.get(`/c/${slug}/data/sample_submission.csv`);
    assert.equal(sample.status(), 200);
    await participant.submit(slug, (await sample.text()).replace(/,[^,\n]*$/gm, (cell, at) => (at < 20 ? cell : ",100")));
    await participant.reading(`/c/${slug}/leaderboard`, `buyer-${tag}`);
    for (const person of [host, participant]) person.nothingWasWrong();
  });
}

test("on a phone without scripts the current tab is in view", async () => {
  const host = await Person.arrive(stage.browser, stage.house.url, WAYS[1].options);
  await host.register("tabs-on-a-phone");
  await host.join("straight-lines-js");
  const slug = "straight-lines-js";
  const parts = ["", "/data", "/leaderboard", "/forum", "/notebooks", "/submit", "/submissions", "/team"];
  const pages = [...parts.map((part) => `/c/${slug}${part}`), "/settings", "/settings/tokens", "/settings/data"];
  for (const path of pages) {
    await host.go(path);
    const current = host.page.locator(".tabs a[aria-current=page], .tabs a[aria-current=true]");
    assert.equal(await current.count(), 1, path);
    const { x, width } = await current.boundingBox();
    assert.ok(x >= 0 && x + width <= WAYS[1].options.viewport.width, `${path}: from ${x}, ${width} wide`);
  }
  host.nothingWasWrong();
});

test("a large file goes on after a lost connection and another visit", async () => {
  const host = await Person.arrive(stage.browser, stage.house.url, WAYS[0].options);
  await host.register("librarian");
  const bytes = Buffer.alloc(30 << 20, "a long story, ");
  await host.go("/new/step-by-step");
  await host.page.getByLabel("Title").fill("A library");
  await host.press("Begin");
  const address = `/c/${host.page.url().match(/\/c\/([a-z0-9-]+)/)[1]}/host/data`;

  let parts = 0;
  let isDown = false;
  await host.page.route("**/api/v1/uploads/*", (route) => {
    if (route.request().method() === "PATCH") {
      parts += 1;
      if (parts === 3) isDown = true;
    }
    return isDown ? route.abort("connectionreset") : route.continue();
  });
  const folder = mkdtempSync(join(tmpdir(), "holdout-story-"));
  const file = join(folder, "story.txt");
  writeFileSync(file, bytes);
  const send = async () => {
    await host.go(address);
    await host.page.locator("input[type=file]").setInputFiles(file);
    await host.page.getByRole("button", { name: "Upload" }).click();
  };
  await send();
  await host.page.getByText("The connection was lost.").waitFor();
  assert.equal(await host.page.locator("progress").isVisible(), true);
  isDown = false;
  await send();
  await host.page.getByText("story.txt is here.").waitFor({ timeout: 60_000 });
  assert.equal(parts, 5, "four parts, one of them twice");

  const stored = await host.page.request.get(`${address.replace("/host/data", "/data")}/story.txt`);
  assert.ok(bytes.equals(await stored.body()), "what was sent is what is stored");
  assert.equal(await host.page.evaluate(() => localStorage.length), 0, "nothing is remembered of what was used");
  rmSync(folder, { recursive: true });
  host.complaints = host.complaints.filter((complaint) => !complaint.includes("ERR_CONNECTION_RESET"));
  host.nothingWasWrong();
});

test("an open page counts down by the server's clock, and follows an end that is moved", async () => {
  const host = await Person.arrive(stage.browser, stage.house.url, WAYS[0].options);
  await host.register("mover");
  const slug = await host.hostFromTable("Moving ends", "price", table());
  const options = { ...WAYS[0].options, timezoneId: "Asia/Kolkata" };
  const visitor = await Person.arrive(stage.browser, stage.house.url, options);
  await visitor.page.clock.install({ time: new Date("2001-02-03T04:05:06Z") }); // the reader's clock is far behind
  await visitor.go(`/c/${slug}/leaderboard`);
  const left = visitor.page.locator("header.competition [data-countdown]");
  assert.match(await left.innerText(), /^ends in 27 d 23 h$/);
  assert.match(await visitor.page.locator("header.competition time").getAttribute("title"), /your time/);

  await host.go(`/c/${slug}/host/timeline`);
  const end = host.page.getByLabel("End (UTC)");
  const later = new Date(Date.parse(`${await end.inputValue()}Z`) + 30 * 86400e3);
  await end.fill(later.toISOString().slice(0, 16));
  await host.press("Save");
  await left.getByText("ends in 57 d 23 h").waitFor({ timeout: 30_000 }); // no reload
  for (const person of [host, visitor]) person.nothingWasWrong();
});

test("a first visit is light", async () => {
  const slug = "straight-lines-js";
  const pages = [
    ["/", FIRST_VISIT_BYTES],
    ["/register", FIRST_VISIT_BYTES],
    [`/c/${slug}`, FIRST_VISIT_BYTES_OF_A_BOARD],
    [`/c/${slug}/leaderboard`, FIRST_VISIT_BYTES_OF_A_BOARD],
  ];
  for (const [path, most] of pages) {
    const context = await stage.browser.newContext({ baseURL: stage.house.url });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    let bytes = 0;
    session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.goto(path, { waitUntil: "load" });
    await page.waitForTimeout(300);
    assert.ok(bytes > 1000 && bytes <= most, `${path} moves ${bytes} bytes`);
    await context.close();
  }
});
