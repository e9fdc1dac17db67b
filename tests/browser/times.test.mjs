// Times in the reader's zone and the countdown, without a browser: the scripts themselves, a page made of a few
// objects, and clocks that the test moves.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import vm from "node:vm";

const script = (name) => readFileSync(new URL(`../../static/${name}`, import.meta.url), "utf8");
const ZONE = process.env.TZ;

afterEach(() => {
  if (ZONE === undefined) delete process.env.TZ;
  else process.env.TZ = ZONE;
});

/** What app.js makes of times in a zone: of each its text and its title. */
function shownIn(zone, ...times) {
  process.env.TZ = zone;
  const elements = times.map((dateTime) => {
    const utc = `${dateTime.slice(0, 16).replace("T", " ")} UTC`;
    return { dateTime, textContent: utc, title: "" };
  });
  const document = {
    querySelectorAll: (selector) => (selector === "time[datetime]" ? elements : []),
    addEventListener() {},
  };
  const window = { location: { hash: "", pathname: "/" } };
  vm.runInNewContext(script("app.js"), { document, window, navigator: {}, Intl, Date });
  return elements.map(({ textContent }) => textContent);
}

test("a deadline is shown in the reader's zone on both sides of a switch of clocks", () => {
  const berlin = ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"];
  assert.deepEqual(shownIn("Europe/Berlin", ...berlin), [
    "2026-03-29 01:30 CET", "2026-03-29 03:30 CEST", "2026-10-25 02:30 CEST", "2026-10-25 02:30 CET",
  ]);
  const newYork = ["2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"];
  assert.deepEqual(shownIn("America/New_York", ...newYork), [
    "2026-03-08 01:30 GMT-5", "2026-03-08 03:30 GMT-4", "2026-11-01 01:30 GMT-4", "2026-11-01 01:30 GMT-5",
  ]);
});

test("zones half an hour or a day apart are shown as they are", () => {
  assert.deepEqual(shownIn("Asia/Kolkata", "2026-12-31T23:59:00Z"), ["2027-01-01 05:29 GMT+5:30"]);
  assert.deepEqual(shownIn("Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"), [
    "2026-04-05 01:45 GMT+11", "2026-04-05 01:45 GMT+10:30", // switches by half an hour
  ]);
  assert.deepEqual(shownIn("Pacific/Kiritimati", "2026-12-31T10:00:00Z"), ["2027-01-01 00:00 GMT+14"]);
  assert.deepEqual(shownIn("UTC", "2026-12-31T10:00:00Z"), ["2026-12-31 10:00 UTC"]);
});

/** A reader with an open page, whose clocks and server the test moves. */
class Reader {
  /** The server's clock, the reader's, and the one that only runs; in milliseconds. */
  server = Date.parse("2026-10-24T12:00:00Z");
  wall = this.server;
  steady = 5000;
  end = Date.parse("2026-10-25T12:00:00Z");
  nAsked = 0;
  /** What a form says once its competition ended. */
  notice = { hidden: true };
  isOffline = false;
  #waiting = [];
  #heard = new Map();
  #visit = { type: "navigate", responseStart: 4800 };

  constructor(changes = {}) {
    Object.assign(this, changes);
  }

  open(type = "navigate") {
    this.#visit.type = type;
    this.facts = this.#page(this.server - 200);
    const reader = this;
    const listen = { addEventListener: (name, act) => reader.#heard.set(name, act) };
    const context = {
      document: {
        ...listen,
        visibilityState: "visible",
        querySelector: (selector) => reader.#find(reader.facts, selector),
        querySelectorAll: (selector) => (selector === "[data-when-ended]" ? [reader.notice] : []),
      },
      window: listen,
      location: { href: "/c/houses" },
      performance: { now: () => this.steady, getEntriesByType: () => [this.#visit] },
      Date: { now: () => this.wall, parse: Date.parse },
      Event: class { constructor(name) { this.name = name; } },
      DOMParser: class { parseFromString(page) { return { querySelector: (selector) => reader.#find(page, selector) }; } },
      fetch: async () => {
        this.nAsked += 1;
        if (this.isOffline) throw new TypeError("no line");
        return { ok: true, text: async () => this.#page(this.server) };
      },
      setTimeout: (act, length) => this.#waiting.push({ act, at: this.steady + length }),
      clearTimeout: (number) => { if (number) this.#waiting[number - 1].act = () => {}; },
      Math: Object.assign(Object.create(Math), { abs: Math.abs, floor: Math.floor, max: Math.max, random: () => 0.5 }),
    };
    vm.runInNewContext(script("countdown.js"), context);
    return this;
  }

  /** The part of a page that the script looks for, as the server draws it. */
  #page(written) {
    const time = { dateTime: new Date(this.end).toISOString().replace(".000Z", "Z") };
    const words = { dataset: { countdown: String(written) }, textContent: "", closest: () => time };
    const facts = { words: written < this.end ? words : null, querySelector: () => facts.words, dispatchEvent() {} };
    facts.replaceWith = (fresh) => { this.facts = fresh; };
    return facts;
  }

  #find(facts, selector) {
    return selector.includes("data-countdown") ? facts.words : facts;
  }

  /** Time goes by, on all clocks alike. */
  async pass(seconds) {
    const until = this.steady + seconds * 1000;
    for (;;) {
      const next = this.#waiting.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0];
      this.#run(Math.max(next?.at ?? until, this.steady));
      if (!next) return;
      const act = next.act;
      next.at = Infinity;
      act();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #run(until) {
    const length = until - this.steady;
    this.server += length;
    this.wall += length;
    this.steady = until;
  }

  async hear(name, event = {}) {
    this.#heard.get(name)(event);
    await new Promise((resolve) => setImmediate(resolve));
  }

  get words() {
    return this.facts.words?.textContent;
  }
}

test("the countdown goes by the server's clock, however wrong the reader's is", async () => {
  for (const wrong of [-400 * 86400e3, 0, 3 * 3600e3]) {
    const reader = new Reader();
    reader.wall += wrong;
    reader.open();
    assert.equal(reader.words, "ends in 1 d 0 h");
    await reader.pass(23 * 3600 + 59 * 60);
    assert.equal(reader.words, "ends in 1 min 00 s");
    assert.equal(reader.nAsked, 0);
  }
});

test("a clock that is set while the page is open changes nothing, and the server is asked", async () => {
  const reader = new Reader().open();
  for (const set of [7200e3, -86400e3]) {
    reader.wall += set;
    await reader.pass(60);
  }
  assert.equal(reader.words, "ends in 23 h 58 min");
  assert.equal(reader.nAsked, 2);
});

test("a machine that slept hears from the server how late it is", async () => {
  const reader = new Reader().open();
  reader.server += 8 * 3600e3; // while the steady clock stood still
  reader.wall += 8 * 3600e3;
  await reader.pass(31);
  assert.equal(reader.words, "ends in 15 h 59 min");
});

test("a countdown across a switch of clocks loses and gains no hour", async () => {
  for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]) {
    process.env.TZ = zone;
    const reader = new Reader().open();
    reader.end = Date.parse("2026-11-02T12:00:00Z");
    await reader.hear("holdout:times");
    await reader.pass(20);
    assert.equal(reader.words, "ends in 8 d 23 h", zone);
  }
});

test("an end that is moved is shown when it is heard of, and when the old one is reached", async () => {
  const told = new Reader().open();
  told.end += 48 * 3600e3;
  await told.hear("holdout:times");
  assert.equal(told.words, "ends in 1 d 0 h", "a crowd does not ask at once");
  await told.pass(10);
  assert.equal(told.words, "ends in 2 d 23 h");

  const untold = new Reader().open();
  untold.end += 3600e3;
  await untold.pass(86400);
  assert.equal(untold.words, "ended");
  assert.equal(untold.notice.hidden, false);
  await untold.pass(10);
  assert.equal(untold.words, "ends in 59 min 50 s");
  assert.equal(untold.notice.hidden, true, "what its form said is taken back");
});

test("an end that stands is asked for once, and the page then says what the server says", async () => {
  const reader = new Reader().open();
  await reader.pass(86399);
  assert.equal(reader.notice.hidden, true);
  await reader.pass(86401);
  assert.equal(reader.notice.hidden, false, "a form that is open says so");
  assert.equal(reader.nAsked, 1);
  assert.equal(reader.words, undefined, "no countdown any more");
});

test("without a line the countdown goes on", async () => {
  const reader = new Reader({ isOffline: true }).open();
  reader.wall += 3600e3;
  await reader.pass(3600);
  assert.equal(reader.words, "ends in 23 h 0 min");
  assert.equal(reader.nAsked, 1);
});

test("what the browser kept is not believed", async () => {
  const back = new Reader().open("back_forward");
  back.server += 3600e3; // the page is an hour old
  await back.pass(1);
  assert.equal(back.nAsked, 1);
  const woken = new Reader().open();
  await woken.hear("visibilitychange");
  assert.equal(woken.nAsked, 0, "as good as new");
  await woken.pass(120);
  await woken.hear("visibilitychange");
  assert.equal(woken.nAsked, 1);
  await woken.hear("pageshow", { persisted: true });
  assert.equal(woken.nAsked, 2);
});
