// 356 strings that would run a script if a page let them, in every text that people write: none runs, and
// none is even tried, which the policy of the pages would report.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";
import { hostileFields, typedFields } from "./typed_fields.mjs";

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

const ran = [];
const attacked = new Set();
const isHostile = (text) => /holdoutRan|[<>"'`]|javascript:/i.test(text);

// Tests that do not touch each other run side by side, each lane in a window of its own of the same administrator.
const lane = new AsyncLocalStorage();
let first;
const admin = () => lane.getStore() ?? first;
let opening = 0;

function watch(page) {
  const note = (what) => ran.push(`${page.url()}: ${what}`);
  page.on("dialog", (dialog) => (note(dialog.type()), dialog.dismiss()));
  page.on("console", (message) => {
    // An image of another site in a host's page is blocked too; it is no script.
    if (TRIED.test(message.text()) && !message.text().includes("img-src")) note(message.text());
  });
}

async function openWindow() {
  opening += 1;
  const page = await first.page.context().newPage();
  opening -= 1;
  watch(page);
  return new Person(page, WIDE);
}

function inOneWindow(tests) {
  describe("in one window", { concurrency: 1 }, () => {
    let person;
    before(async () => (person = await openWindow()));
    after(() => person.page.close());
    tests((name, attack) => test(name, () => lane.run(person, attack)));
  });
}

const stage = openStage(async (stage) => {
  first = await Person.arrive(stage.browser, stage.house.url, WIDE);
  const { page } = first;
  watch(page);
  await page.context().exposeFunction("holdoutRan", () => ran.push("ran"));
  page.context().on("page", (other) => opening > 0 || ran.push(`opened ${other.url()}`));
  await first.register("mallory");
  await page.goto(stage.house.adminLink());
  await first.press(/administrator/i);
});

const send = (method, path, data) => admin().page.request.fetch(path, { method, data, headers: { origin: stage.house.url } });

// Whether it was taken.
async function tried(method, path, data) {
  const answer = await send(method, path, data);
  assert.ok(answer.ok() || answer.status() === 422, `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  if (answer.ok()) hostileFields(method, path, data, isHostile).forEach((field) => attacked.add(field));
  return answer.ok();
}

async function sent(method, path, data) {
  const answer = await send(method, path, data);
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  hostileFields(method, path, data, isHostile).forEach((field) => attacked.add(field));
  return answer.status() === 204 ? {} : answer.json();
}

// Tries until it is taken: scorers need a moment.
async function taken(method, path, data) {
  for (const until = Date.now() + 60_000; Date.now() < until; await admin().page.waitForTimeout(100)) {
    if ((await send(method, path, data)).ok()) {
      hostileFields(method, path, data, isHostile).forEach((field) => attacked.add(field));
      return;
    }
  }
  assert.fail(`${method} ${path} is never taken: ${await (await send(method, path, data)).text()}`);
}

// Looks at a page, and touches what waits for a pointer or the keyboard.
async function look(path) {
  await admin().page.goto(path);
  await admin().page.mouse.move(640, 450);
  await admin().page.keyboard.press("Tab");
}

async function lookAtAll(path) {
  for (let next = path; next; ) {
    await look(next);
    const more = admin().page.locator("a[rel=next]").first();
    next = (await more.count()) ? await more.getAttribute("href") : null;
    if (next?.startsWith("?")) next = path.split("?")[0] + next;
  }
}

const nothingRan = () => assert.deepEqual(ran.splice(0), []);
const cut = (text, length) => [...text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ")].slice(0, length).join("");
// Names take no characters that nobody sees; texts do.
const plain = (text, length) => cut(text.replace(/[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, " "), length);

test("the corpus is large, and a script that runs is noticed", async () => {
  assert.ok(STRINGS.length >= 200, `${STRINGS.length}`);
  await look("/forums");
  await admin().page.evaluate(() => globalThis.holdoutRan());
  assert.equal(ran.splice(0).length, 1);
  await admin().page.evaluate(() => document.querySelector("main").insertAdjacentHTML("beforeend", "<img src=x onerror=holdoutRan()>"));
  await admin().page.waitForTimeout(500);
  assert.ok(ran.splice(0).length >= 1, "the policy reports what is tried");
});

describe("two windows at once", { concurrency: 2 }, () => {
  inOneWindow((test) => {
    test("titles and texts of topics, in lists, threads, searches and previews", async () => {
      const { id } = await sent("POST", "/api/v1/forums/general/topics", { title: "All of them", markdown: "text" });
      for (const text of STRINGS) await sent("POST", `/api/v1/topics/${id}/posts`, { markdown: text });
      await lookAtAll(`/topics/${id}`);
      nothingRan();
      let last;
      for (const text of STRINGS) {
        last = await sent("POST", "/api/v1/forums/questions/topics", { title: plain(`a b ${text}`, 150), markdown: text });
      }
      await lookAtAll("/forums/questions");
      await look(`/topics/${last.id}`);
      await lookAtAll("/search?q=script&in=discussion");
      nothingRan();
      await look("/forums/general/new");
      for (let at = 0; at < STRINGS.length; at += 8) {
        await admin().page.getByLabel("Text").fill(STRINGS.slice(at, at + 8).join("\n\n"));
        await admin().page.waitForTimeout(550);
      }
      attacked.add("Text.markdown"); // sent by the page's own script, for its preview
      const opening = (await sent("GET", `/api/v1/topics/${last.id}`)).opening_post.id;
      for (const text of STRINGS) {
        await sent("PATCH", `/api/v1/posts/${opening}`, { title: plain(`a b ${text}`, 150), markdown: text });
      }
      await look(`/topics/${last.id}`);
      await lookAtAll(`/posts/${opening}/history`);
      nothingRan();
    });

    test("reports, and what moderators say", async () => {
      const other = await Person.arrive(stage.browser, stage.house.url, WIDE);
      await other.register("trent");
      const posts = (await sent("GET", "/api/v1/topics/" + (await firstTopic()) + "/posts?limit=200")).items;
      for (const [at, post] of posts.slice(0, 100).entries()) {
        const words = cut(STRINGS[at], 1000);
        const data = { reason: "other", words };
        const answer = await other.page.request.post(`/api/v1/posts/${post.id}/report`, { data, headers: { origin: stage.house.url } });
        assert.equal(answer.status(), 204, await answer.text());
        hostileFields("POST", `/api/v1/posts/${post.id}/report`, data, isHostile).forEach((field) => attacked.add(field));
      }
      await lookAtAll("/moderation");
      for (const [at, post] of posts.slice(0, 100).entries()) {
        await sent("POST", `/api/v1/posts/${post.id}/moderate`, { decision: "dismiss", words: cut(STRINGS[at + 100], 1000) });
      }
      await lookAtAll("/moderation/log");
      nothingRan();
    });

    test("teams, files that are sent, notes on them, reasons of a new version", async () => {
      const rows = Array.from({ length: 30 }, (_, row) => row);
      const solution = ["id,target,Usage", ...rows.map((row) => `r${row},${row},${row % 3 ? "Private" : "Public"}`)].join("\n");
      const predictions = ["id,target", ...rows.map((row) => `r${row},${row + 1}`)].join("\n");
      const files = { sample: predictions.replace(/,\d+$/gm, ",0"), solution, metric: "rmse" };
      const host = await Person.arrive(stage.browser, stage.house.url, WIDE);
      await host.register("host-of-teams");
      const slug = await host.hostStepByStep("Attacked by teams", files);
      await host.page.context().close();
      const submissions = `/api/v1/competitions/${slug}/submissions`;
      const submit = async (person, name, text) =>
        person.page.request.post(submissions, {
          data: Buffer.from(text),
          headers: { origin: stage.house.url, "content-type": "application/octet-stream", "x-file-name": encodeURIComponent(name) },
        });
      for (const [at, text] of STRINGS.filter((_, at) => at % 18 === 0).entries()) {
        const person = await Person.arrive(stage.browser, stage.house.url, WIDE);
        await person.register(`team-${at}`);
        const headers = { origin: stage.house.url };
        await person.page.request.patch("/api/v1/me/profile", { data: { display_name: plain(`a ${text}`, 80) }, headers });
        await person.page.request.post(`/api/v1/competitions/${slug}/join`, { data: { accept_rules: true }, headers });
        assert.ok((await submit(person, cut(text, 200), predictions)).ok());
        await person.page.context().close();
      }
      await admin().join(slug);
      const mine = (await (await submit(admin(), "a.csv", predictions)).json()).id;
      for (const text of STRINGS) {
        await submit(admin(), cut(text, 200), `id,target\n${text}`); // refused, and named in the list
        await sent("PATCH", `${submissions}/${mine}`, { description: cut(text, 500) });
        await look(`/c/${slug}/submissions/${mine}`);
      }
      await lookAtAll(`/c/${slug}/submissions`);
      await admin().reading(`/c/${slug}/leaderboard`, "1.0");
      await lookAtAll(`/c/${slug}/leaderboard`);
      const versions = `/api/v1/competitions/${slug}/versions`;
      await sent("POST", versions, {});
      await admin().page.request.put(`/api/v1/competitions/${slug}/solution`, {
        data: Buffer.from(solution.replace("r3,3,", "r3,4,")),
        headers: { origin: stage.house.url, "content-type": "text/csv" },
      });
      await taken("POST", `${versions}/2/start`, { reason: cut(`a ${STRINGS[0]}`, 500) });
      await taken("POST", `${versions}/2/publish`, {});
      for (const [at, text] of STRINGS.slice(0, 60).entries()) {
        await sent("POST", `${versions}/${1 + (at % 2)}/roll-back`, { reason: cut(`a ${text}`, 500) });
      }
      await lookAtAll(`/c/${slug}/versions`);
      await look(`/c/${slug}/host/versions`);
      for (const [at, text] of STRINGS.slice(0, 60).entries()) {
        await tried("PATCH", `/api/v1/competitions/${slug}/team`, { name: cut(`${at} ${text}`, 60) });
        const disqualifications = `/api/v1/competitions/${slug}/disqualifications`;
        const { id } = await sent("POST", disqualifications, { submission_id: mine, reason: cut(`a ${text}`, 500) });
        await sent("POST", `${disqualifications}/${id}/lift`, { reason: cut(`b ${text}`, 500) });
        if (at % 10 < 9) continue;
        await look(`/c/${slug}/team`);
        await look(`/c/${slug}/leaderboard`);
      }
      await lookAtAll(`/c/${slug}/host/disqualifications`);
      for (const [at, text] of STRINGS.slice(0, 10).entries()) {
        const words = new URLSearchParams({ name: plain(`${at} ${text}`, 60), description: cut(`a ${text}`, 500) });
        const headers = { origin: stage.house.url, "content-type": "application/octet-stream", "x-file-name": encodeURIComponent(cut(text, 200)) };
        const address = `/api/v1/competitions/${slug}/baselines?${words}`;
        assert.ok((await admin().page.request.post(address, { data: Buffer.from(predictions), headers })).ok());
      }
      for (const page of ["host/baselines", "leaderboard"]) await lookAtAll(`/c/${slug}/${page}`);
      const announcements = `/api/v1/competitions/${slug}/announcements`;
      const { id } = await sent("POST", announcements, { title: "News", text: "News." });
      for (const text of STRINGS) {
        await sent("PUT", `${announcements}/${id}`, { title: plain(`a ${text}`, 150), text: `a ${text}` });
        await look(`/c/${slug}/announcements`);
      }
      await sent("POST", `${announcements}/${id}/withdraw`, { reason: cut(`a ${STRINGS[0]}`, 500) });
      for (const page of ["announcements", "host/announcements"]) await lookAtAll(`/c/${slug}/${page}`);
      const end = Date.parse((await sent("GET", `/api/v1/competitions/${slug}`)).ends_at);
      for (const [at, text] of STRINGS.entries()) {
        const moved = new Date(end + (at + 1) * 60_000).toISOString();
        await sent("PATCH", `/api/v1/competitions/${slug}`, { ends_at: moved, reason: cut(`a ${text}`, 1000) });
        if (at % 3 === 2) await look(`/c/${slug}`); // which shows the newest three
      }
      await lookAtAll(`/c/${slug}/changes`);
      await look(`/c/${slug}`);
      await lookAtAll("/notifications");
      for (const page of ["dashboard", "participants", "submissions", "rejections"]) await lookAtAll(`/c/${slug}/host/${page}`);
      nothingRan();
    });

    test("tokens, forums of the site, addresses of webhooks", async () => {
      for (const [at, text] of STRINGS.entries()) {
        await sent("POST", "/api/v1/tokens", { name: cut(`a ${text}`, 80), scopes: ["read"] });
        if (at % 40 < 39 && at + 1 < STRINGS.length) continue;
        await look("/settings/tokens");
        for (const { id } of (await sent("GET", "/api/v1/tokens")).items) await sent("DELETE", `/api/v1/tokens/${id}`);
      }
      for (const [at, text] of STRINGS.entries()) {
        await sent("POST", "/api/v1/forums", { name: `under-attack-${at}`, title: plain(`a ${text}`, 60), description: cut(text, 200) });
      }
      await look("/forums");
      await look("/forums/under-attack-0");
      const { slug } = await sent("POST", "/api/v1/competitions", { title: "Hooks" });
      for (const text of STRINGS) {
        const url = `https://hooks.example.org/?a=${cut(text, 300)}`;
        if (!(await tried("POST", `/api/v1/competitions/${slug}/webhooks`, { url, events: ["submission.scored"] }))) continue;
        await look(`/c/${slug}/host/webhooks`);
        for (const { id } of (await sent("GET", `/api/v1/competitions/${slug}/webhooks`)).items) {
          await sent("DELETE", `/api/v1/competitions/${slug}/webhooks/${id}`);
        }
      }
      nothingRan();
    });

    test("a target column that no labelled table has", async () => {
      const { slug } = await sent("POST", "/api/v1/competitions", { title: "From one table" });
      const path = `/api/v1/competitions/${slug}/table`;
      const table = ["size,price", ...Array.from({ length: 40 }, (_, row) => `${row},${row * 3}`)].join("\n");
      const headers = { origin: stage.house.url, "content-type": "application/octet-stream" };
      assert.ok((await admin().page.request.post(`${path}?target=price`, { data: Buffer.from(table), headers })).ok());
      // What a scorer is just reading is refused.
      for (const text of STRINGS) await taken("PATCH", path, { target: cut(`a ${text}`, 200) });
      await admin().reading(`/c/${slug}/host/table`, "The table has no column");
      await look(`/c/${slug}/host/table`);
      nothingRan();
    });

    test("notebooks: titles, tags, names of files, notes, comments", async () => {
      const file = { name: "a.ipynb", mimeType: "application/json", buffer: Buffer.from('{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}') };
      const push = async (fields) => {
        const answer = await admin().page.request.post("/api/v1/notebooks", { multipart: { file, ...fields }, headers: { origin: stage.house.url } });
        assert.ok(answer.ok() || answer.status() === 422, await answer.text());
        if (answer.ok()) hostileFields("POST", "/api/v1/notebooks", fields, isHostile).forEach((field) => attacked.add(field));
        return answer.ok();
      };
      for (const [at, text] of STRINGS.slice(0, 150).entries()) {
        await push({ title: plain(`a ${text}`, 120), message: cut(text, 500), name: `attack-${at}`, visibility: "public" });
      }
      await lookAtAll("/notebooks?sort=new");
      const path = "/api/v1/notebooks/mallory/attack-0";
      for (const text of STRINGS) {
        await tried("PATCH", path, { tags: [cut(text, 30)] });
        await sent("PATCH", path, { title: plain(`a ${text}`, 120) });
        await sent("POST", `${path}/comments`, { markdown: text });
        await look("/n/mallory/attack-0");
      }
      for (const part of ["", "/comments", "/versions", "/settings"]) await lookAtAll(`/n/mallory/attack-0${part}`);
      await look("/");
      await look("/u/mallory");
      await lookAtAll("/search?q=script&in=notebooks");
      nothingRan();
    });
  });

  inOneWindow((test) => {
    test("names, biographies, competitions with their pages and files", async () => {
      for (const text of STRINGS.slice(0, 40)) await sent("POST", "/api/v1/competitions", { title: plain(`a ${text}`, 120), subtitle: cut(text, 200) });
      const { slug } = await sent("POST", "/api/v1/competitions", { title: "Under attack" });
      await admin().page.request.put(`/api/v1/competitions/${slug}/data/notes.csv`, {
        data: Buffer.from("id,a\n1,2\n"),
        headers: { origin: stage.house.url, "content-type": "application/octet-stream" },
      });
      for (const text of STRINGS) {
        await sent("PATCH", `/api/v1/competitions/${slug}/data/notes.csv`, { description: cut(text, 1000) });
        await sent("PATCH", "/api/v1/me/profile", { display_name: plain(`a ${text}`, 80), bio: text });
        await sent("PATCH", `/api/v1/competitions/${slug}`, { title: plain(`a ${text}`, 120), subtitle: cut(text, 200) });
        await sent("PUT", `/api/v1/competitions/${slug}/pages/overview`, { title: plain(`a ${text}`, 60), markdown: text });
        await sent("PUT", `/api/v1/competitions/${slug}/audit`, { audit_reason: cut(`a ${text}`, 1000) });
        await look(`/c/${slug}/data`);
        await look("/u/mallory");
        await look(`/c/${slug}`);
        await look(`/c/${slug}/host/audit`);
      }
      for (const text of STRINGS.slice(0, 40)) {
        if (!(await tried("PUT", `/api/v1/competitions/${slug}/metric`, { metric: "rmse", cluster_column: cut(text, 60) }))) continue;
        await look(`/c/${slug}/host/metric`);
      }
      await look(`/c/${slug}/host`);
      await look("/");
      nothingRan();
    });

    test("the name of the site and the notice above every page", async () => {
      for (const text of STRINGS) {
        await tried("PATCH", "/api/v1/admin/site", { name: cut(`a ${text}`, 60), notice: cut(text, 500) });
        await look("/admin/site");
      }
      await lookAtAll("/admin/log");
      await sent("PATCH", "/api/v1/admin/site", { name: "Holdout", notice: "" });
      nothingRan();
    });

    test("texts of the site", async () => {
      const imprint = "/api/v1/admin/site/texts/imprint";
      for (const text of STRINGS) {
        await tried("PUT", imprint, { markdown: `a ${text}` });
        await look("/imprint");
      }
      await look("/admin/texts/imprint");
      await lookAtAll("/admin/log");
      await sent("PUT", imprint, { markdown: "" });
      nothingRan();
    });
  });
});

async function firstTopic() {
  const { items } = await sent("GET", "/api/v1/forums/general/topics");
  return items.at(-1).id;
}

// Fields that need no attack, each with the reason.
const SECRET = "a secret: no page shows it";
const REFUSED = "refused unless it has the shape of a name or address";
const NAMED = "has to name something that exists, else it is refused";
const EXCUSED = {
  "Accept.secret": SECRET,
  "AddHost.username": NAMED,
  "AddressSecret.secret": SECRET,
  "AddressWish.code": SECRET,
  "AddressWish.email": REFUSED,
  "AddressWish.password": SECRET,
  "Administrator.secret": SECRET,
  "AnnouncedFile.description": "only where files lie in a bucket; shown as the note of a submission, which is attacked",
  "AnnouncedFile.file_name": "only where files lie in a bucket; shown as the name of a submission's file, which is attacked",
  "AnnouncedFile.sha256": REFUSED,
  "Arrangement.forum": NAMED,
  "AskForDeletion.code": SECRET,
  "AskForDeletion.password": SECRET,
  "AskToMerge.team": NAMED,
  "AccountForSomebody.email": REFUSED,
  "AccountForSomebody.username": REFUSED,
  "AuditAnswer.declared": NAMED,
  "BundleUpload.upload": NAMED,
  "BundleWish.slug": REFUSED,
  "BundleWish.title": "the title of a competition, as New.title, which is attacked",
  "ChangeNotebook.licence": NAMED,
  "ChangeNotebook.tags": "letters, digits and dashes; all else is refused",
  "Code.code": SECRET,
  "Confirm.words": "needs a competition that is over; drawn as PageBody.markdown is, which is attacked",
  "Copy.slug": REFUSED,
  "Copy.title": "the title of a competition, as New.title, which is attacked",
  "Disqualify.team": NAMED,
  "Edit.emails": REFUSED,
  "Edit.slug": REFUSED,
  "Edit.visibility": NAMED,
  "EndOfSessions.code": SECRET,
  "EndOfSessions.password": SECRET,
  "FileForm.description": "shown as the note of a submission, which is attacked",
  "Forgotten.username": "nothing is shown of it",
  "Invite.username": NAMED,
  "LaunchBody.audit_reason": "the same reason as AuditAnswer.audit_reason, which is attacked",
  "MetricBody.metric": NAMED,
  "ModuleBody.file_name": "needs an interpreter of Python; shown to the host who sent it",
  "ModuleBody.source": "needs an interpreter of Python; shown to the host who sent it",
  "New.slug": REFUSED,
  "NewForum.name": REFUSED,
  "NewPassword.password": SECRET,
  "NewPassword.secret": SECRET,
  "NewToken.code": SECRET,
  "NewUser.administrator_secret": SECRET,
  "NewUser.email": REFUSED,
  "NewUser.password": SECRET,
  "NewUser.username": REFUSED,
  "NewWebhook.events": NAMED,
  "NotebookForm.competition": NAMED,
  "NotebookForm.licence": NAMED,
  "NotebookForm.name": REFUSED,
  "NotebookForm.tags": "letters, digits and dashes; all else is refused",
  "NotebookForm.visibility": NAMED,
  "OpenIncident.text": "Markdown of an administrator, drawn as PageBody.markdown is, which is attacked",
  "OpenIncident.title": "of an administrator; incidents.rs shows that it is text",
  "PagesOrder.slugs": NAMED,
  "PasswordChange.code": SECRET,
  "PasswordChange.current": SECRET,
  "PasswordChange.password": SECRET,
  "PatchTeam.leader": NAMED,
  "ReleaseLabels.reason": "needs a competition that is over; escaped where it is shown, as the reason of a version is, which is attacked",
  "Session.code": SECRET,
  "ResolveIncident.text": "Markdown of an administrator, drawn as PageBody.markdown is, which is attacked",
  "Session.name": "names a token, as NewToken.name does, which is attacked",
  "Session.password": SECRET,
  "Session.username": NAMED,
  "SiteChanges.registration_domains": REFUSED,
  "TeamLink.secret": SECRET,
  "TwoFactorsWish.password": SECRET,
  "Unlink.code": SECRET,
  "Unlink.password": SECRET,
  "UpdateIncident.text": "Markdown of an administrator, drawn as PageBody.markdown is, which is attacked",
  "UploadedFile.description": "shown as the note of a submission, which is attacked",
  "WhomToTell.emails": REFUSED,
};

test("every text field of the API is attacked, or excused with a reason", () => {
  const typed = typedFields();
  assert.ok(typed.length > 40, typed.join(" "));
  const forgotten = typed.filter((field) => !attacked.has(field) && !EXCUSED[field]);
  assert.deepEqual(forgotten, [], "attack these, or say why not");
  const idle = Object.keys(EXCUSED).filter((field) => !typed.includes(field) || attacked.has(field));
  assert.deepEqual(idle, [], "these need no excuse");
});
