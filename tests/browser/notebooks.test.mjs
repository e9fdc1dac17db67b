// Notebooks as people read them, and as somebody with bad intentions writes them: nothing in one runs.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { INJECTIONS } from "./injections.mjs";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";

const A_NOTEBOOK = 60; // strings of the collection
const WIDE = { viewport: { width: 1280, height: 900 } };
const TOUR = readFileSync(new URL("../notebooks/tour.ipynb", import.meta.url), "utf8");
const HOUSES = readFileSync(new URL("../notebooks/houses.ipynb", import.meta.url), "utf8");
const CHANGED = readFileSync(new URL("../notebooks/houses-changed.ipynb", import.meta.url), "utf8");

const stage = openStage();

async function send(person, path, body) {
  const answer = await person.page.evaluate(
    async ([address, text]) => {
      const sent = await fetch(address, { method: "POST", body: text, headers: { "content-type": "application/octet-stream" } });
      return { status: sent.status, text: await sent.text() };
    },
    [path, body],
  );
  assert.ok([200, 201].includes(answer.status), `${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
}

const share = (person, name, body, more = "") => send(person, `/api/v1/notebooks?name=${name}&visibility=public${more}`, body);

async function photograph(person, name) {
  const folder = process.env.HOLDOUT_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const width of [1280, 390]) {
    await person.page.setViewportSize({ width, height: 900 });
    await person.page.evaluate(async () => {
      for (const image of document.images) image.loading = "eager";
      await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    });
    await person.page.screenshot({ path: `${folder}/${name}-${width}.png`, fullPage: true });
  }
}

test("a real notebook is read, voted for, forked, compared", async () => {
  const author = await Person.arrive(stage.browser, stage.house.url, WIDE);
  await author.register("writer");
  await share(author, "tour", TOUR);
  await share(author, "houses", HOUSES);
  await send(author, "/api/v1/notebooks/writer/houses/versions?message=better", CHANGED);
  for (const path of ["/notebooks", "/notebooks/new", "/notebooks/own", "/n/writer/tour", "/n/writer/houses/versions", "/n/writer/houses/compare", "/n/writer/houses/settings"]) {
    await author.go(path);
    await photograph(author, path.replaceAll("/", "_"));
  }
  const reader = await Person.arrive(stage.browser, stage.house.url, WIDE);
  await reader.register("reader");
  await reader.go("/n/writer/tour");
  await reader.page.evaluate(() => document.querySelectorAll("article img").forEach((image) => { image.loading = "eager"; }));
  await reader.page.waitForFunction(() => [...document.querySelectorAll("article img")].every((image) => image.complete));
  const widths = await reader.page.$$eval("article img", (images) => images.map((image) => image.naturalWidth));
  assert.ok(widths.length === 3 && widths.every((width) => width > 50), `pictures are drawn: ${widths}`);
  await reader.press(/Vote/);
  await reader.page.getByText("Take back").waitFor();
  await reader.press("Fork");
  await reader.page.getByText("Forked from").waitFor();
  for (const person of [author, reader]) person.nothingWasWrong();
});

test("a notebook is read in the dark and with the keyboard", async () => {
  const reader = await Person.arrive(stage.browser, stage.house.url, { ...WIDE, colorScheme: "dark" });
  await reader.go("/n/writer/tour");
  await photograph(reader, "dark");
  const levels = await reader.page.$$eval("main :is(h1, h2, h3, h4)", (headings) => headings.map((heading) => Number(heading.tagName[1])));
  assert.equal(levels.filter((level) => level === 1).length, 1);
  const unnamed = await reader.page.$$eval("article img", (images) => images.filter((image) => !image.alt).length);
  assert.equal(unnamed, 0, "every picture has words");
  const bare = await reader.page.$$eval("article th", (heads) => heads.filter((head) => !head.scope && head.textContent.trim()).length);
  assert.equal(bare, 0, "every head of a table has a scope");
  await reader.page.getByText("more lines").first().focus();
  await reader.page.keyboard.press("Enter");
  assert.ok(await reader.page.$eval("details.more[open]", (details) => details.textContent.includes("epoch 120")));
  reader.nothingWasWrong();
});

/** A notebook with these strings in every place where text can stand. */
function poisoned(strings) {
  const data = (bundle) => ({ output_type: "display_data", metadata: {}, data: bundle });
  const cells = strings.flatMap((text, number) => [
    { cell_type: "markdown", id: text.slice(0, 60), metadata: {}, source: text, attachments: { [text]: { "image/png": text } } },
    { cell_type: "markdown", metadata: {}, source: `# ${text}\n\n[${text}](${text}) ![${text}](${text}) *${text}* $${text}$\n\n> ${text}\n\n- ${text}` },
    { cell_type: "markdown", metadata: {}, source: `<div title="${text}">${text}</div>\n\n<table><tr><th>${text}</th></tr></table>\n\n\`\`\`${text}\n${text}\n\`\`\`` },
    { cell_type: "markdown", metadata: {}, source: `<a id="${text}"></a> <a name='${text}'>${text}</a> \\begin{align}${text}\\end{align}` },
    { cell_type: "raw", metadata: { format: text }, source: text },
    {
      cell_type: "code",
      metadata: { collapsed: number % 2 === 0 },
      execution_count: text,
      source: text,
      outputs: [
        { output_type: "stream", name: "stdout", text },
        { output_type: "stream", name: text, text },
        { output_type: "error", ename: text, evalue: text, traceback: [text, `\u001b[31m${text}`] },
        { output_type: "error", ename: text, evalue: text, traceback: [] },
        data({ "text/plain": text }),
        data({ "text/html": text, "text/plain": text }),
        data({ "text/html": `<table class="${text}"><thead><tr><th>${text}</th></tr></thead><tbody><tr><td>${text}</td></tr></tbody></table>` }),
        data({ "text/markdown": text }),
        data({ "text/latex": text }),
        data({ "text/latex": `$${text}$` }),
        data({ "image/svg+xml": text }),
        data({ "image/svg+xml": `<svg xmlns="http://www.w3.org/2000/svg">${text}</svg>` }),
        data({ "image/png": text, "text/plain": `<Figure size 1x1 with ${text}>` }),
        data({ "application/javascript": text }),
        data({ "application/json": { [text]: text } }),
        data({ "application/vnd.plotly.v1+json": { data: [{ type: text }], layout: { title: { text } } } }),
        data({ "application/vnd.vegalite.v5+json": { title: text } }),
        data({ "application/vnd.jupyter.widget-view+json": { model_id: text }, "text/plain": text }),
        data({ [text]: text }),
      ],
    },
  ]);
  const metadata = { title: text0(strings), kernelspec: { name: text0(strings), language: text0(strings), display_name: text0(strings) }, language_info: { name: text0(strings) } };
  return JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells });
}

const text0 = (strings) => strings[0];

/** What ran, and what could: in this page as it stands, with all its buttons pressed. */
async function misdeeds(page) {
  return page.evaluate(() => {
    const ALLOWED = new Set(["http:", "https:", "mailto:"]);
    const BANNED = "script, iframe, frame, object, embed, style, link, meta, base, form, input, button, select, textarea, svg, template, video, audio";
    const wrong = [];
    for (const root of document.querySelectorAll("article.cells, .compared, header.notebook, .contents")) {
      for (const element of root.querySelectorAll(BANNED)) {
        if (!element.closest("header.notebook") || !element.matches("svg, use, path")) wrong.push(`an element: ${element.outerHTML.slice(0, 200)}`);
      }
      for (const element of root.querySelectorAll("*")) {
        for (const { name, value } of element.attributes) {
          if (name.startsWith("on") || name === "style" || name === "srcdoc") wrong.push(`an attribute: ${name}=${value}`);
          if (["href", "src", "action", "formaction", "xlink:href", "data"].includes(name) && !ALLOWED.has(new URL(value, location.href).protocol)) {
            wrong.push(`an address: ${value}`);
          }
          if (name === "src" && new URL(value, location.href).origin !== location.origin) wrong.push(`from elsewhere: ${value}`);
        }
        for (const kind of ["click", "mouseover", "focus", "error", "load", "toggle", "animationend", "pointerenter", "wheel", "begin"]) {
          const event = new Event(kind, { cancelable: true });
          element.dispatchEvent(event);
        }
      }
    }
    return [...wrong, ...(window.ran ?? [])];
  });
}

test("no string of the collection runs, whatever field or output it stands in", async () => {
  assert.ok(INJECTIONS.length >= 200, `${INJECTIONS.length} strings`);
  const author = await Person.arrive(stage.browser, stage.house.url, WIDE);
  await author.register("mallory");
  // The policy of the site would stop scripts as well: it is switched off, so that cleaning alone is tried.
  const context = await stage.browser.newContext({ baseURL: stage.house.url, bypassCSP: true, ...WIDE });
  await context.addInitScript(() => {
    window.ran = [];
    for (const name of ["alert", "confirm", "prompt"]) window[name] = (...words) => window.ran.push(`${name}(${words})`);
  });
  const reader = await context.newPage();
  const dialogs = [];
  reader.on("dialog", (dialog) => { dialogs.push(dialog.message()); dialog.dismiss(); });
  const asked = [];
  reader.on("request", (request) => asked.push(request.url()));
  const pictures = new Set();
  for (let from = 0; from < INJECTIONS.length; from += A_NOTEBOOK) {
    const strings = INJECTIONS.slice(from, from + A_NOTEBOOK);
    const name = `poisoned-${from}`;
    const words = encodeURIComponent(strings[0].slice(0, 100));
    await share(author, name, poisoned(strings), `&title=${words}&message=${words}`);
    await send(author, `/api/v1/notebooks/mallory/${name}/versions?message=${words}`, poisoned([...strings].reverse()));
    for (const path of [`/n/mallory/${name}`, `/n/mallory/${name}/versions/1`, `/n/mallory/${name}/versions`, `/n/mallory/${name}/compare`]) {
      const answer = await reader.goto(path);
      assert.equal(answer.status(), 200, path);
      await reader.evaluate(() => document.querySelectorAll("article img").forEach((image) => { image.loading = "eager"; }));
      await reader.waitForTimeout(200);
      assert.deepEqual(await misdeeds(reader), [], path);
      for (const address of await reader.$$eval("article img", (images) => images.map((image) => image.src))) pictures.add(address);
    }
  }
  await reader.goto("/notebooks");
  assert.deepEqual(await misdeeds(reader), []);
  const elsewhere = asked.filter((url) => !url.startsWith(stage.house.url) && !url.startsWith("data:"));
  assert.deepEqual(elsewhere, [], "nothing is loaded from elsewhere");
  assert.ok(!asked.some((url) => url.endsWith("/sign-out")), "no picture is an address of the site that acts");
  assert.deepEqual(dialogs, []);
  await context.close();

  // A drawing opened by itself is a page of this site: there its own policy holds.
  const visitor = await Person.arrive(stage.browser, stage.house.url, WIDE);
  let opened = 0;
  for (const address of [...pictures].filter((address) => address.endsWith(".svg")).slice(0, 60)) {
    visitor.page.once("dialog", (dialog) => assert.fail(`${address} said ${dialog.message()}`));
    const answer = await visitor.page.goto(address);
    assert.match(answer.headers()["content-security-policy"], /default-src 'none'.*sandbox/);
    opened += 1;
  }
  assert.ok(opened > 20, `${opened} drawings were opened`);
});
