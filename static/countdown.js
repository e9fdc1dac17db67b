// Counts down to a competition's end by the server's clock. The reader's own clock may be wrong, be set while
// the page is open, or stand still while the machine sleeps; and the end may be moved. Nothing here is needed.
"use strict";

{
  const FACTS = "header.competition .facts";
  /** Two clocks that part by more were set, or one of them slept. */
  const APART_MS = 2000;
  /** A crowd that hears the same thing does not ask all at once. */
  const CROWD_MS = 10000;
  /** A page that comes into view again is as good as new for so long. */
  const FRESH_MS = 60000;

  let timer = null;
  let askedAt = -Infinity;

  /** `2 d 3 h`, `3 h 5 min`, `4 min 05 s`: time that passes, which no change of clocks makes longer. */
  function inUnits(milliseconds) {
    const seconds = Math.floor(milliseconds / 1000);
    const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
    if (days > 0) return `${days} d ${hours % 24} h`;
    if (hours > 0) return `${hours} h ${minutes % 60} min`;
    return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  }

  /** Counts from what a page said that came at `cameAt`, by the clock that is never set. */
  function count(cameAt) {
    clearTimeout(timer);
    const words = document.querySelector("time[datetime] [data-countdown]");
    if (!words) return;
    const end = Date.parse(words.closest("time").dateTime);
    const written = Number(words.dataset.countdown);
    let apart = Date.now() - performance.now();
    const tick = () => {
      const apartNow = Date.now() - performance.now();
      if (Math.abs(apartNow - apart) > APART_MS) {
        apart = apartNow;
        ask();
      }
      const left = end - written - (performance.now() - cameAt);
      for (const notice of document.querySelectorAll("[data-when-ended]")) notice.hidden = left > 0;
      words.textContent = left > 0 ? `ends in ${inUnits(left)}` : "ended";
      if (left > 0) timer = setTimeout(tick, left > 3600000 ? 30000 : 1000);
      else timer = setTimeout(ask, Math.random() * CROWD_MS); // it may have been moved
    };
    tick();
  }

  /** Takes over what another copy of this page says of the competition; where it says the same, only the time. */
  function adopt(page, cameAt) {
    const [shown, fresh] = [document, page].map((root) => root.querySelector(FACTS));
    if (!shown || !fresh) return;
    const [old, now] = [shown, fresh].map((facts) => facts.querySelector("[data-countdown]"));
    const end = (words) => words?.closest("time").dateTime;
    if (old && end(old) === end(now)) {
      old.dataset.countdown = now.dataset.countdown;
    } else {
      shown.replaceWith(fresh);
      fresh.dispatchEvent(new Event("holdout:markup", { bubbles: true }));
    }
    count(cameAt);
  }

  async function ask() {
    askedAt = performance.now();
    const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) return;
    const cameAt = performance.now();
    adopt(new DOMParser().parseFromString(await answer.text(), "text/html"), cameAt);
  }

  if (document.querySelector(`${FACTS} [data-countdown]`)) {
    const [visit] = performance.getEntriesByType("navigation");
    count(visit?.responseStart || performance.now());
    if (visit?.type === "back_forward") ask(); // what the browser kept may be old
    window.addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && performance.now() - Math.max(askedAt, 0) > FRESH_MS) ask();
    });
    document.addEventListener("holdout:times", () => setTimeout(ask, Math.random() * CROWD_MS / 2));
    document.addEventListener("holdout:page", (event) => adopt(event.detail.page, event.detail.cameAt));
  }
}
