// An e-mail address is confirmed and changed, as a person and an administrator without a mail server do it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";

const OPTIONS = { viewport: { width: 1280, height: 900 } };
const PASSWORD = "correct horse battery";

let root;

const stage = openStage(async (stage) => {
  root = await Person.arrive(stage.browser, stage.house.url, OPTIONS);
  await root.page.goto(stage.house.adminLink());
  await root.page.getByLabel("User name").fill("root");
  await root.page.getByLabel("E-mail address").fill("root@people.test");
  await root.page.getByLabel("Password").fill(PASSWORD);
  await root.press("Make the account");
});

// The link in the newest letter, which waits for somebody to pass it on.
async function passedOn() {
  await root.go("/admin/mails");
  const text = await root.page.locator("main").textContent();
  return text.match(/\/confirm-email\/[\w-]+/)[0];
}

test("a link confirms an address with a button, and another address waits for its own", async () => {
  const ada = await Person.arrive(stage.browser, stage.house.url, OPTIONS);
  await ada.register("ada");
  await ada.go("/");
  await ada.page.getByRole("link", { name: "Confirm it" }).click();
  await ada.page.getByText("not confirmed", { exact: true }).waitFor();
  await ada.lookOver();
  await ada.go(await passedOn());
  await ada.press("Confirm the address");
  await ada.page.getByText("ada@people.test is confirmed.").waitFor();

  await ada.page.getByLabel("New e-mail address").fill("ada@elsewhere.test");
  await ada.page.getByLabel("Present password").fill(PASSWORD);
  await ada.page.getByRole("button", { name: "Request the change" }).click();
  await ada.page.getByRole("heading", { name: "Waiting: ada@elsewhere.test" }).waitFor();
  await ada.lookOver();
  await ada.page.getByRole("button", { name: "Withdraw" }).click();
  await ada.page.getByText("Your address was not changed.").waitFor();
  assert.equal(await ada.page.getByText("Waiting:").count(), 0);
  ada.nothingWasWrong();
});

test("an administrator confirms the address of whom they know", async () => {
  const bob = await Person.arrive(stage.browser, stage.house.url, OPTIONS);
  await bob.register("bob");
  await root.go("/admin/users");
  const row = root.page.getByRole("row", { name: /bob/ });
  await row.locator("summary").click();
  await row.getByRole("button", { name: "Confirm the address" }).click();
  await root.page.getByText("The address is confirmed as theirs.").waitFor();
  await bob.go("/settings/email");
  await bob.page.getByText("confirmed", { exact: true }).waitFor();
  for (const person of [root, bob]) person.nothingWasWrong();
});
