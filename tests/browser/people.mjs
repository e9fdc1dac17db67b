// What people do in their browsers, by the words they read on the pages.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

const PASSWORD = "correct horse battery";
const NARROW = 390;
const SCORE_PATIENCE_MS = 60_000;

export async function openBrowser() {
  const executablePath = process.env.CHROMIUM ?? execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

// Somebody with a browser window; every page they see is looked over.
export class Person {
  static async arrive(browser, url, options) {
    const context = await browser.newContext({ baseURL: url, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    const person = new Person(page, options);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) person.complaints.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => person.complaints.push(`${page.url()}: ${error}`));
    page.on("response", (response) => {
      if (response.status() >= 500) person.complaints.push(`${response.url()}: ${response.status()}`);
    });
    return person;
  }

  constructor(page, { viewport }) {
    this.page = page;
    this.width = viewport.width;
    this.height = viewport.height;
    this.complaints = [];
  }

  async go(path) {
    await this.page.goto(path);
    await this.lookOver();
  }

  // Nothing may stick out to the side, on a phone either.
  async lookOver() {
    for (const width of new Set([NARROW, this.width])) {
      await this.page.setViewportSize({ width, height: this.height });
      const content = await this.page.locator("html").evaluate((html) => html.scrollWidth);
      if (content > width) this.complaints.push(`${this.page.url()} is ${content} wide at ${width}`);
    }
  }

  async press(name) {
    const before = this.page.url();
    await this.page.getByRole("button", { name }).first().click();
    await this.page.waitForURL((url) => url.href !== before, { timeout: 15_000 }).catch(() => {});
    await this.page.waitForLoadState();
    await this.lookOver();
  }

  async register(name) {
    await this.go("/register");
    await this.page.getByLabel("User name").fill(name);
    await this.page.getByLabel("E-mail address").fill(`${name}@people.test`);
    await this.page.getByLabel("Password").fill(PASSWORD);
    await this.press("Make the account");
  }

  async upload(path, button, name, text) {
    await this.go(path);
    const file = { name, mimeType: "text/csv", buffer: Buffer.from(text) };
    await this.page.locator("input[type=file]").setInputFiles(file);
    await this.press(button);
  }

  // Step by step: everything a competition needs, then the launch.
  async hostStepByStep(title, { sample, solution, metric }, beforeLaunch = async () => {}) {
    await this.go("/new/step-by-step");
    await this.page.getByLabel("Title").fill(title);
    await this.press("Begin");
    const slug = this.page.url().match(/\/c\/([a-z0-9-]+)/)[1];
    await this.upload(`/c/${slug}/host/sample`, "Upload", "sample_submission.csv", sample);
    await this.upload(`/c/${slug}/host/solution`, "Upload and seal", "solution.csv", solution);
    await this.go(`/c/${slug}/host/metric?metric=${metric}`);
    await this.press("Choose this metric");
    await beforeLaunch(slug);
    await this.launch(slug);
    return slug;
  }

  // One table; the rest is proposed.
  async hostFromTable(title, target, table) {
    await this.go("/new/from-table");
    await this.page.getByLabel("Title").fill(title);
    await this.page.getByLabel("Target column").fill(target);
    const file = { name: "table.csv", mimeType: "text/csv", buffer: Buffer.from(table) };
    await this.page.locator("input[type=file]").setInputFiles(file);
    await this.press("Upload and see the proposal");
    const slug = this.page.url().match(/\/c\/([a-z0-9-]+)/)[1];
    await this.launch(slug);
    return slug;
  }

  async launch(slug) {
    await this.reading(`/c/${slug}/host/launch`, "Ready to launch");
    await this.press("Launch");
    await this.reading(`/c/${slug}/host/launch`, "It was launched");
  }

  async join(slug) {
    await this.go(`/c/${slug}/join`);
    await this.press(/accept the rules/i);
  }

  async submit(slug, text) {
    await this.upload(`/c/${slug}/submit`, /submit|send/i, "predictions.csv", text);
  }

  // Reloads until the words stand there: what a person without scripts does.
  async reading(path, words) {
    const until = Date.now() + SCORE_PATIENCE_MS;
    do {
      await this.page.goto(path);
      if ((await this.page.getByText(words).count()) > 0) return this.lookOver();
      await new Promise((resolve) => setTimeout(resolve, 300));
    } while (Date.now() < until);
    assert.fail(`${path} never says ${words}: ${await this.page.locator("main").innerText()}`);
  }

  nothingWasWrong() {
    assert.deepEqual(this.complaints, []);
  }
}
