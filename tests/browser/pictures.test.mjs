// After the end: how sure the ranks are, drawn as SVG that says in words what it shows, and fits on paper.

import assert from "node:assert/strict";
import { test } from "node:test";
import axe from "axe-core";
import { Person } from "./people.mjs";
import { openStage } from "./stage.mjs";

const WIDE = { javaScriptEnabled: true, viewport: { width: 1280, height: 900 } };
const CONTEST_MS = 120_000;
const PATIENCE_MS = 120_000;
/** A4 at 96 dots per inch. */
const PAPER = { width: 794, height: 1123 };
const DRAWINGS = ["How often each team takes each rank", "Which leads are more than chance"];

const rows = Array.from({ length: 200 }, (_, row) => row);
const truth = (row) => (row * 37) % 101;
const SOLUTION = ["id,target,Usage", ...rows.map((row) => `r${row},${truth(row)},${row % 2 ? "Private" : "Public"}`)].join("\n");
const predictions = (size, seed) =>
  ["id,target", ...rows.map((row) => `r${row},${truth(row) + size * (((row * seed + 7) * 7919) % 1009) / 1009}`)].join("\n");

const stage = openStage();

/** A contest that ends in a moment. */
async function begin(host) {
  const files = { sample: predictions(0, 1), solution: SOLUTION, metric: "mae" };
  let end;
  const slug = await host.hostStepByStep("Soon over", files, async (slug) => {
    end = Date.now() + CONTEST_MS;
    const [starts, ends] = [new Date(end - 86_400_000).toISOString(), new Date(end).toISOString()];
    const timeline = { starts_at: starts, entry_deadline_at: ends, merger_deadline_at: ends, ends_at: ends };
    const address = `/api/v1/competitions/${slug}`;
    const answer = await host.page.request.fetch(address, { method: "PATCH", data: timeline, headers: { origin: stage.house.url } });
    assert.ok(answer.ok(), await answer.text());
  });
  return { slug, end };
}

async function drawn(person, path) {
  let told;
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await person.page.waitForTimeout(1000)) {
    told = await (await person.page.request.get(path)).text();
    if (told.split('<svg class="matrix"').length > DRAWINGS.length) {
      await person.page.goto(path);
      return;
    }
  }
  assert.fail(`${path}: ${told}`);
}

test("pictures of ranks say in words what they show, and are printed whole", async () => {
  const host = await Person.arrive(stage.browser, stage.house.url, WIDE);
  await host.register("host");
  const people = [];
  for (const name of ["ada", "bob", "carol"]) {
    const person = await Person.arrive(stage.browser, stage.house.url, WIDE);
    await person.register(name);
    people.push(person);
  }
  const { slug, end } = await begin(host);
  for (const [at, person] of people.entries()) {
    await person.join(slug);
    await person.submit(slug, predictions([8, 9, 30][at], 31 + 2 * at));
  }
  assert.ok(Date.now() < end, "all were in time");
  const visitor = await Person.arrive(stage.browser, stage.house.url, WIDE);
  const path = `/c/${slug}/leaderboard/pictures`;
  await visitor.page.waitForTimeout(Math.max(0, end - Date.now()));
  await drawn(visitor, path);
  await visitor.lookOver();

  const { page } = visitor;
  for (const name of DRAWINGS) {
    const drawing = page.getByRole("img", { name, exact: true });
    assert.equal(await drawing.count(), 1, name);
    const told = await drawing.evaluate((svg) => {
      const ids = ["aria-labelledby", "aria-describedby"].map((attribute) => svg.getAttribute(attribute));
      return ids.map((id) => [document.querySelectorAll(`#${id}`).length, document.getElementById(id)?.textContent.length]);
    });
    assert.ok(told.length === 2 && told.every(([n, letters]) => n === 1 && letters > 20), `${name}: ${JSON.stringify(told)}`);
    const marks = await drawing.locator("circle.blob, rect").evaluateAll((all) => all.map((mark) => mark.querySelector("title")?.textContent));
    assert.ok(marks.length > 2 && marks.every(Boolean), `each mark of “${name}” has words`);
    const figure = page.locator("figure", { has: drawing });
    assert.equal(await figure.locator("details table th[scope=row]").count(), people.length, "the numbers as a table");
    assert.ok(await figure.locator(".scrolls").evaluate((box) => box.tabIndex === 0 && box.getAttribute("aria-label")), "keys scroll it");
  }
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    // The page's policy lets no script in; the browser's own console may run one.
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    const told = violations.map(({ id, help, nodes }) => `${id}: ${help} at ${nodes.map((node) => node.target).join(", ")}`);
    assert.deepEqual(told, [], `axe, ${colorScheme}`);
  }
  const ids = await page.locator("[id]").evaluateAll((all) => all.map((one) => one.id));
  assert.equal(new Set(ids).size, ids.length, "no name twice");

  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ media: "print", colorScheme });
    await page.setViewportSize(PAPER);
    assert.ok(await page.locator("header.site").isHidden(), "nothing to press is printed");
    assert.equal(await page.locator("html").evaluate((html) => getComputedStyle(html).getPropertyValue("--ink").trim()), "#000");
    for (const name of DRAWINGS) {
      const box = await page.getByRole("img", { name, exact: true }).boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= PAPER.width, `${name} sticks out: ${JSON.stringify(box)}`);
    }
    for (const table of await page.locator("figure details table").all()) {
      assert.ok((await table.boundingBox())?.height > 40, "closed tables are printed, too");
    }
  }
  assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
  for (const person of [host, visitor, ...people]) person.nothingWasWrong();
});
