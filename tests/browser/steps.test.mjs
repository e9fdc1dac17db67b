// What cannot be taken back is asked once more, a checked file is submitted without choosing it again, a new token is shown once: with
// scripts and without. And a form that stays open past the end says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";

const WAYS = [
  { way: "with scripts", tag: "js", options: { javaScriptEnabled: true, viewport: { width: 1280, height: 900 } } },
  { way: "without scripts", tag: "plain", options: { javaScriptEnabled: false, viewport: { width: 390, height: 844 } } },
];
const rows = Array.from({ length: 200 }, (_, row) => row);
const TABLE = ["width,depth,price", ...rows.map((row) => `${(row * 37) % 101},${row % 17},${((row * 37) % 101) * 2}`)].join("\n");

const stage = openStage();
const SLUGS = {};

for (const { way, tag, options } of WAYS) {
  test(`a checked file is submitted as it is, and whom a decision is about is asked, ${way}`, async () => {
    const host = await Person.arrive(stage.browser, stage.house.url, options);
    await host.register(`asker-${tag}`);
    const slug = await host.hostFromTable(`Asked first ${tag}`, "price", TABLE);
    SLUGS[tag] = slug;
    const player = await Person.arrive(stage.browser, stage.house.url, options);
    await player.register(`checker-${tag}`);
    await player.join(slug);
    const sample = await (await player.page.request.get(`/c/${slug}/data/sample_submission.csv`)).text();
    await player.upload(`/c/${slug}/submit`, "Check only", "checked.csv", sample);
    const check = new URL(player.page.url()).pathname;
    await player.reading(check, "The file is valid");
    await player.page.getByLabel("What is it?").fill("all the same");
    await player.press("Submit this file");
    assert.match(player.page.url(), /\/submissions\/\d+$/);
    await player.page.getByText("checked.csv").first().waitFor();
    await player.go(check);
    await player.page.getByText("This file was submitted").waitFor();

    await host.go(`/c/${slug}/host/disqualifications`);
    await host.page.getByLabel("Team").fill(`checker-${tag}`);
    await host.page.getByLabel("Reason").fill("A trial.");
    await host.page.getByLabel("Reason").press("Enter"); // no key decides
    await host.page.getByText(`Disqualify checker-${tag}?`).waitFor();
    await host.lookOver();
    await host.press(`Disqualify checker-${tag}`);
    await host.page.getByText("Boards and medals have followed").waitFor();
    for (const person of [host, player]) person.nothingWasWrong();
  });

  test(`a token is shown once, and revoked in two steps, ${way}`, async () => {
    const ada = await Person.arrive(stage.browser, stage.house.url, options);
    await ada.register(`maker-${tag}`);
    await ada.go("/settings/tokens");
    await ada.page.getByLabel("Name").fill("laptop");
    await ada.page.getByRole("button", { name: "Make the token" }).click();
    const token = await ada.page.locator("#token").innerText();
    assert.match(token, /^hld_/);
    assert.equal(new URL(ada.page.url()).pathname, "/settings/tokens");
    await ada.page.reload();
    assert.ok(!(await ada.page.content()).includes(token), "once");
    assert.equal(await ada.page.locator("td[data-label=Name]").count(), 1, "a reload makes no other");
    const revoke = ada.page.getByRole("button", { name: "Revoke laptop" });
    assert.equal(await revoke.isVisible(), false);
    await ada.page.locator("details.sure > summary").first().click();
    await ada.page.getByText("cannot be restored").waitFor();
    await ada.lookOver();
    await revoke.click();
    await ada.page.getByText("The token is revoked.").waitFor();
    ada.nothingWasWrong();
  });
}

test("a form that is open past the end says so at once", async () => {
  const player = await Person.arrive(stage.browser, stage.house.url, WAYS[0].options);
  await player.register("late-one");
  await player.join(SLUGS.js);
  await player.page.clock.install();
  await player.go(`/c/${SLUGS.js}/submit`);
  const notice = player.page.getByText("This competition has just ended");
  assert.equal(await notice.isVisible(), false);
  await player.page.route(`**/c/${SLUGS.js}/submit`, (route) => route.abort()); // the server knows better here
  await player.page.clock.fastForward(30 * 86400e3);
  await notice.waitFor({ timeout: 15_000 });
});
