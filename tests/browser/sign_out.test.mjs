// Whoever signs out leaves nothing of theirs in the browser: not in another tab, not behind the button for going back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";

const SIGN_IN_PATIENCE_MS = 15_000;
const WINDOW = { viewport: { width: 1280, height: 800 } };
const stage = openStage();

async function signOut(page) {
  await page.locator("details.menu > summary").click();
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith("/sign-out")),
    page.getByRole("button", { name: "Sign out" }).click(),
  ]);
  await page.getByText("You are signed out.").waitFor();
  return answer;
}

test("other tabs, and pages that the browser kept, go with the session", async () => {
  const ada = await Person.arrive(stage.browser, stage.house.url, WINDOW);
  await ada.register("ada");
  const other = await ada.page.context().newPage();
  await other.goto("/settings");
  await ada.go("/forums");
  await ada.page.evaluate(() => localStorage.setItem("unfinished", "an address"));
  const board = await ada.page.context().newPage();
  await board.goto("/forums");
  await board.goto("/metrics");

  const answer = await signOut(ada.page);
  assert.equal((await answer.allHeaders())["clear-site-data"], '"cache", "storage"');
  assert.equal(await ada.page.evaluate(() => localStorage.getItem("unfinished")), null, "storage is cleared");
  assert.equal(new URL(ada.page.url()).hash, "", "the address says nothing of it any more");
  await other.waitForURL(/\/sign-in/, { timeout: SIGN_IN_PATIENCE_MS });
  await board.getByRole("link", { name: "Sign in" }).waitFor({ timeout: SIGN_IN_PATIENCE_MS });
  await board.goBack();
  await board.getByRole("link", { name: "Sign in" }).waitFor({ timeout: SIGN_IN_PATIENCE_MS });
  assert.equal(await board.getByText("Account of").count(), 0);
  await other.goBack().catch(() => {});
  assert.equal(await other.getByLabel("Name", { exact: true }).count(), 0);

  await ada.go("/sign-in?next=/settings");
  await ada.page.getByLabel("User name or e-mail address").fill("ada");
  await ada.page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await ada.press("Sign in");
  assert.match(ada.page.url(), /\/settings$/, "and a later sign-in works");
  await ada.page.reload();
  assert.match(ada.page.url(), /\/settings$/);
  ada.nothingWasWrong();
});

test("a link to the page of those who signed out does nothing to whoever is signed in", async () => {
  const eve = await Person.arrive(stage.browser, stage.house.url, WINDOW);
  await eve.register("eve");
  const other = await eve.page.context().newPage();
  await other.goto("/settings");
  await other.getByLabel("Name", { exact: true }).fill("half typed");
  await eve.page.goto("/#signed-out");
  await eve.page.waitForLoadState();
  assert.equal(await other.getByLabel("Name", { exact: true }).inputValue(), "half typed");
  assert.equal(await eve.page.evaluate(() => localStorage.length), 0);
  eve.nothingWasWrong();
});
