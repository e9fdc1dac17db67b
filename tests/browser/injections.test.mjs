// 356 strings that would run a script if a page let them, in every text that people write: none runs, and
// none is even tried, which the policy of the pages would report.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startHouse } from "./house.mjs";
import { openBrowser, Person } from "./people.mjs";

process.env.HOLDOUT_API_REQUESTS_A_MINUTE = "0";
const WIDE = { javaScriptEnabled: true, viewport: { width: 1280, height: 900 } };
const TRIED = /Content Security Policy|violates|Refused to/;

const unescaped = (line) =>
  line
    .replace(/\\n/g, "\n")
    .replace(/\\x([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)))
    .replace(/\\u([0-9a-f]{4})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
const STRINGS = readFileSync(new URL("injections.txt", import.meta.url), "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => unescaped(line).replaceAll("\0", " ").replaceAll("X", "holdoutRan()")); // no text may hold a NUL

let house;
let browser;
let admin;
const ran = [];

before(async () => {
  house = await startHouse();
  browser = await openBrowser();
  admin = await Person.arrive(browser, house.url, WIDE);
  const { page } = admin;
  const note = (what) => ran.push(`${page.url()}: ${what}`);
  await page.context().exposeFunction("holdoutRan", () => note("ran"));
  page.on("dialog", (dialog) => (note(dialog.type()), dialog.dismiss()));
  page.on("console", (message) => {
    // An image of another site in a host's page is blocked too; it is no script.
    if (TRIED.test(message.text()) && !message.text().includes("img-src")) note(message.text());
  });
  page.context().on("page", (other) => note(`opened ${other.url()}`));
  await admin.register("mallory");
  await page.goto(house.said().match(/https?:\/\/\S+\/become-admin\/\S+/)[0]);
  await admin.press(/administrator/i);
});

after(async () => {
  await browser?.close();
  await house?.stop();
});

const send = (method, path, data) => admin.page.request.fetch(path, { method, data, headers: { origin: house.url } });

async function sent(method, path, data) {
  const answer = await send(method, path, data);
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return answer.status() === 204 ? {} : answer.json();
}

// Looks at a page, and touches what waits for a pointer or the keyboard.
async function look(path) {
  await admin.page.goto(path);
  await admin.page.mouse.move(640, 450);
  await admin.page.keyboard.press("Tab");
}

async function lookAtAll(path) {
  for (let next = path; next; ) {
    await look(next);
    const more = admin.page.locator("a[rel=next]").first();
    next = (await more.count()) ? await more.getAttribute("href") : null;
    if (next?.startsWith("?")) next = path.split("?")[0] + next;
  }
}

const nothingRan = () => assert.deepEqual(ran.splice(0), []);
const cut = (text, length) => [...text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ")].slice(0, length).join("");

test("the corpus is large, and a script that runs is noticed", async () => {
  assert.ok(STRINGS.length >= 200, `${STRINGS.length}`);
  await look("/forums");
  await admin.page.evaluate(() => globalThis.holdoutRan());
  assert.equal(ran.splice(0).length, 1);
  await admin.page.evaluate(() => document.querySelector("main").insertAdjacentHTML("beforeend", "<img src=x onerror=holdoutRan()>"));
  await admin.page.waitForTimeout(500);
  assert.ok(ran.splice(0).length >= 1, "the policy reports what is tried");
});

test("titles and texts of topics, in lists, threads, searches and previews", async () => {
  const { id } = await sent("POST", "/api/v1/forums/general/topics", { title: "All of them", markdown: "text" });
  for (const text of STRINGS) await sent("POST", `/api/v1/topics/${id}/posts`, { markdown: text });
  await lookAtAll(`/topics/${id}`);
  nothingRan();
  let last;
  for (const text of STRINGS) {
    last = await sent("POST", "/api/v1/forums/questions/topics", { title: cut(`a b ${text}`, 150), markdown: text });
  }
  await lookAtAll("/forums/questions");
  await look(`/topics/${last.id}`);
  await lookAtAll("/search?q=script&in=discussion");
  nothingRan();
  await look("/forums/general/new");
  for (let at = 0; at < STRINGS.length; at += 8) {
    await admin.page.getByLabel("Text").fill(STRINGS.slice(at, at + 8).join("\n\n"));
    await admin.page.waitForTimeout(550);
  }
  nothingRan();
});

test("names, biographies, competitions with their pages", async () => {
  const { slug } = await sent("POST", "/api/v1/competitions", { title: "Under attack" });
  for (const text of STRINGS) {
    await sent("PATCH", "/api/v1/me/profile", { display_name: cut(`a ${text}`, 80), bio: text });
    await sent("PATCH", `/api/v1/competitions/${slug}`, { title: cut(`a ${text}`, 120), subtitle: cut(text, 200) });
    await sent("PUT", `/api/v1/competitions/${slug}/pages/overview`, { title: "Overview", markdown: text });
    await look("/u/mallory");
    await look(`/c/${slug}`);
  }
  await look(`/c/${slug}/host`);
  await look("/");
  nothingRan();
});

test("reports, and what moderators say", async () => {
  const other = await Person.arrive(browser, house.url, WIDE);
  await other.register("trent");
  const posts = (await sent("GET", "/api/v1/topics/" + (await firstTopic()) + "/posts?limit=200")).items;
  for (const [at, post] of posts.slice(0, 100).entries()) {
    const words = cut(STRINGS[at], 1000);
    const data = { reason: "other", words };
    const answer = await other.page.request.post(`/api/v1/posts/${post.id}/report`, { data, headers: { origin: house.url } });
    assert.equal(answer.status(), 204, await answer.text());
  }
  await lookAtAll("/moderation");
  for (const [at, post] of posts.slice(0, 100).entries()) {
    await sent("POST", `/api/v1/posts/${post.id}/moderate`, { decision: "dismiss", words: cut(STRINGS[at + 100], 1000) });
  }
  await lookAtAll("/moderation/log");
  nothingRan();
});

async function firstTopic() {
  const { items } = await sent("GET", "/api/v1/forums/general/topics");
  return items.at(-1).id;
}
