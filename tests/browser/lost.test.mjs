// What a session that ended, a line that broke or a form that came back must not take away: texts, votes, files, ticks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";

const WINDOW = { viewport: { width: 1280, height: 900 } };
const PASSWORD = "correct horse battery";
const rows = Array.from({ length: 200 }, (_, row) => row);
const TABLE = ["width,depth,price", ...rows.map((row) => `${(row * 37) % 101},${row % 17},${((row * 37) % 101) * 2}`)].join("\n");
const stage = openStage();

const endSession = (person) => person.page.context().clearCookies();
const drafts = (person) => person.page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("draft ")));

async function signIn(person, name) {
  await person.page.getByLabel("User name or e-mail address").fill(name);
  await person.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await person.press("Sign in");
}

test("a text is there again after a session that ended, and gone once it was posted", async () => {
  const ada = await Person.arrive(stage.browser, stage.house.url, WINDOW);
  await ada.register("writer");
  await ada.go("/forums/general/new");
  const [title, text] = [ada.page.getByLabel("Title"), ada.page.locator("textarea[name=text]")];
  await title.fill("How do you split by time?");
  await text.fill("A long text that nobody should have to write twice.");
  await endSession(ada);
  await ada.press("Open the topic");
  await ada.page.getByText("so nothing was sent").waitFor();
  await ada.lookOver();
  await signIn(ada, "writer");
  assert.match(ada.page.url(), /\/forums\/general\/new$/);
  await ada.page.getByText("is back").waitFor();
  assert.equal(await title.inputValue(), "How do you split by time?");
  assert.match(await text.inputValue(), /nobody should have to write twice/);
  await ada.lookOver();
  await ada.press("Preview");
  assert.match(await text.inputValue(), /write twice/);
  await ada.press("Open the topic");
  assert.match(ada.page.url(), /\/topics\/\d+$/);
  assert.deepEqual(await drafts(ada), []);

  const topic = ada.page.url();
  await text.fill("An answer of mine.");
  await ada.page.reload();
  assert.equal(await text.inputValue(), "An answer of mine.");
  await ada.page.getByRole("button", { name: "Throw it away" }).click();
  assert.equal(await text.inputValue(), "");
  assert.deepEqual(await drafts(ada), []);
  await text.fill("Another answer.");
  await ada.press("Send it");
  assert.match(ada.page.url(), /#post-\d+$/);
  assert.deepEqual(await drafts(ada), []);
  assert.equal(await text.inputValue(), "");

  await endSession(ada);
  await text.fill("A text with a preview");
  await ada.page.getByRole("alert").filter({ hasText: "You are signed out" }).waitFor();
  assert.equal(await ada.page.getByLabel("Password").count(), 0, "no page of others in the preview");
  ada.nothingWasWrong();

  const bob = await Person.arrive(stage.browser, stage.house.url, WINDOW);
  await bob.register("voter");
  await bob.go(new URL(topic).pathname);
  await bob.page.context().setOffline(true);
  await bob.page.getByRole("button", { name: "Vote up" }).first().click();
  await bob.page.getByRole("alert").filter({ hasText: "was not counted" }).waitFor();
  await bob.page.context().setOffline(false);
  await bob.page.getByRole("button", { name: "Vote up" }).first().click();
  await bob.page.locator("button[aria-pressed=true]").waitFor();
  assert.equal(await bob.page.getByRole("alert").count(), 0);
});

// Pastes a picture, or a file that only says it is one, as a browser does from the clipboard.
const paste = (field, isPicture, text = "") =>
  field.evaluate(
    async (area, [isPicture, text]) => {
      const canvas = new OffscreenCanvas(40, 30);
      canvas.getContext("2d").fillRect(5, 5, 20, 20);
      const picture = isPicture ? await canvas.convertToBlob() : new Blob(["no picture"]);
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([picture], "image.png", { type: "image/png" }));
      if (text) clipboardData.setData("text/plain", text);
      return area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true, bubbles: true }));
    },
    [isPicture, text],
  );

test("an image is pasted into a text, and what cannot be shown is told", async () => {
  const ada = await Person.arrive(stage.browser, stage.house.url, WINDOW);
  await ada.register("painter");
  await ada.go("/forums/general/new");
  const text = ada.page.locator("textarea[name=text]");
  await text.fill("Before. After.");
  await text.evaluate((area) => area.setSelectionRange(8, 8));
  assert.equal(await paste(text, true), false, "the browser does nothing more with it");
  await ada.page.waitForFunction(() => document.querySelector("textarea[name=text]").value.includes("/images/"));
  assert.match(await text.inputValue(), /^Before\. !\[What it shows\]\(\/images\/[-0-9a-f]+\)After\.$/);
  await ada.page.locator("#preview img").waitFor();
  assert.equal(await paste(text, true, "1\t2"), true, "cells of a table are text");
  const before = await text.inputValue();
  await paste(text, false);
  await ada.page.getByRole("alert").filter({ hasText: "image" }).waitFor();
  assert.equal(await text.inputValue(), before, "nothing is left of what was not taken");
  await ada.page.getByLabel("Title").fill("A picture");
  await ada.press("Open the topic");
  await ada.page.locator("article img[alt='What it shows']").first().waitFor();
  await ada.lookOver();
});

test("a file is sent again by itself and taken once, and ticks are counted", async () => {
  const host = await Person.arrive(stage.browser, stage.house.url, WINDOW);
  await host.register("broken-host");
  const slug = await host.hostFromTable("Broken lines", "price", TABLE);
  const player = await Person.arrive(stage.browser, stage.house.url, WINDOW);
  await player.register("broken-player");
  await player.join(slug);
  const sample = await (await player.page.request.get(`/c/${slug}/data/sample_submission.csv`)).text();
  let sent = 0;
  await player.page.route(`**/c/${slug}/submit`, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    sent += 1;
    if (sent > 1) return route.continue();
    await route.fetch({ maxRedirects: 0 }); // it arrives, and the answer does not
    return route.abort("connectionreset");
  });
  await player.go(`/c/${slug}/submit`);
  await player.page.locator("input[type=file]").setInputFiles({ name: "once.csv", mimeType: "text/csv", buffer: Buffer.from(sample) });
  await player.page.getByRole("button", { name: "Submit", exact: true }).click();
  await player.page.getByText("sent again by itself").waitFor();
  await player.page.waitForURL(/\/submissions\/\d+$/);
  assert.equal(sent, 2);
  await player.go(`/c/${slug}/submissions`);
  assert.equal(await player.page.locator("tbody tr").count(), 1);

  await player.reading(`/c/${slug}/submissions/final`, "once.csv");
  await player.page.getByText("0 of 2 chosen").waitFor();
  await player.page.getByRole("checkbox").check();
  await player.page.getByText("1 of 2 chosen").waitFor();
  await player.press("Save the choice");
  await player.page.getByText("Your choice has been saved.").waitFor();
});
