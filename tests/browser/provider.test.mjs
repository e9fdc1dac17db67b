// Signing in and out through a provider that others wrote, in a real browser.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, startHouse } from "./house.mjs";
import { CLIENT_SECRET, listed, makeCertificates, startLab } from "./lab.mjs";
import { openBrowser, Person } from "./people.mjs";

const OPTIONS = { viewport: { width: 1280, height: 900 }, ignoreHTTPSErrors: true };

let folder;
let house;
let lab;
let browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdout-lab-"));
  const authority = makeCertificates(folder);
  const port = await freePort();
  writeFileSync(join(folder, "secret"), CLIENT_SECRET, { mode: 0o600 });
  writeFileSync(join(folder, "providers.json"), listed(`https://localhost:${port}`, join(folder, "secret")));
  house = await startHouse({ SSL_CERT_FILE: authority, HOLDOUT_PROVIDERS_FILE: join(folder, "providers.json") });
  lab = await startLab(folder, port, house.url);
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await lab?.stop();
  await house?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function signInThrough(person, name) {
  await person.go("/sign-in");
  await person.page.getByRole("link", { name: "Sign in with The lab" }).click();
  await person.page.locator("input[name=login]").fill(name);
  await person.page.locator("input[name=password]").fill("any");
  await person.page.locator("button[type=submit]").click();
  await person.page.getByRole("button", { name: "Continue" }).click();
  await person.page.getByText("You are signed in").waitFor();
  await person.lookOver();
}

const isSignedIn = async (person) => {
  await person.go("/settings");
  return !person.page.url().includes("/sign-in");
};

function nothingWasWrongHere(person) {
  person.complaints = person.complaints.filter((complaint) => complaint.startsWith(house.url));
  person.nothingWasWrong();
}

test("who signs out here is led to signing out there, and comes back signed out in both places", async () => {
  const ada = await Person.arrive(browser, house.url, OPTIONS);
  await signInThrough(ada, "ada");
  assert.ok(await isSignedIn(ada));
  await ada.page.locator("summary", { hasText: "ada" }).click();
  await ada.press("Sign out");
  await ada.page.getByRole("link", { name: "Sign out at The lab too" }).click();
  await ada.page.getByRole("button", { name: "Yes, sign me out" }).click();
  await ada.page.getByText("returned from The lab").waitFor();
  assert.ok(!(await isSignedIn(ada)));
  await ada.page.getByRole("link", { name: "Sign in with The lab" }).click();
  await ada.page.locator("input[name=login]").waitFor(); // it no longer knows the browser
  nothingWasWrongHere(ada);
});

test("who signs out there is signed out here, in that browser alone", async () => {
  const grace = await Person.arrive(browser, house.url, OPTIONS);
  const elsewhere = await Person.arrive(browser, house.url, OPTIONS);
  await signInThrough(grace, "grace");
  await signInThrough(elsewhere, "grace");
  await grace.page.goto(`${lab.address}/session/end`);
  await grace.page.getByRole("button", { name: "Yes, sign me out" }).click();
  await grace.page.getByText("Sign-out Success").waitFor();
  assert.ok(!(await isSignedIn(grace)));
  assert.ok(await isSignedIn(elsewhere));
  for (const person of [grace, elsewhere]) nothingWasWrongHere(person);
});
