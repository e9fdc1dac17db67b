// Keeps a page current: hears that something changed and puts the page's own new content in place.
// Without it a reload does the same.
"use strict";

const region = document.querySelector("[data-live]");

if (region && "EventSource" in window) {
  const PAUSE_MS = 150;
  const events = new EventSource(region.dataset.live);
  let timer = null;
  let refreshedAt = 0;

  async function refresh() {
    timer = null;
    refreshedAt = Date.now();
    const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
    if (!answer || !answer.ok) return;
    const cameAt = performance.now();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.dispatchEvent(new CustomEvent("holdout:page", { detail: { page, cameAt } }));
    for (const part of [region, ...document.querySelectorAll("[data-live-too]")]) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.innerHTML === part.innerHTML) continue;
      part.replaceChildren(...fresh.childNodes);
      part.toggleAttribute("data-live-waiting", fresh.hasAttribute("data-live-waiting"));
      part.dispatchEvent(new Event("holdout:markup", { bubbles: true }));
    }
  }

  function soon() {
    if (timer !== null) return;
    timer = setTimeout(refresh, Math.max(0, PAUSE_MS - (Date.now() - refreshedAt)));
  }

  events.addEventListener(region.dataset.liveOn, soon);
  events.addEventListener("times", () => document.dispatchEvent(new Event("holdout:times")));
  // What happened before the stream stood, or while it was broken, is asked for once.
  let wasOpen = false;
  events.addEventListener("open", () => {
    if (wasOpen || region.hasAttribute("data-live-waiting")) soon();
    wasOpen = true;
  });
  // A waiting page asks again by itself, should an event be lost.
  setInterval(() => { if (region.hasAttribute("data-live-waiting")) soon(); }, 5000);
}
