// What every page gains where scripts run: the reader's own time zone, copy buttons, a menu that
// closes, tabs scrolled into view, tables that the keyboard can scroll. Nothing here is needed.
"use strict";

const WRITTEN_IN_UTC = /^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/;
const zoned = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const stamp = new Intl.DateTimeFormat("en-GB", {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
});

/** `2026-11-23 09:05 GMT+1`: as wide as the text it replaces, so that nothing moves. */
function inReadersZone(at) {
  const parts = Object.fromEntries(stamp.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute} ${parts.timeZoneName}`;
}

function localiseTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const utc = `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
    time.title = `${zoned.format(at)} your time (${utc})`;
    if (WRITTEN_IN_UTC.test(time.textContent.trim())) time.textContent = inReadersZone(at);
  }
}

function textToCopy(button) {
  const named = button.dataset.copy;
  const source = /^#[\w-]+$/.test(named) ? document.querySelector(named) : null;
  return source ? (source.value ?? source.textContent.trim()) : named;
}

function armCopyButtons(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const label = button.textContent;
      await navigator.clipboard.writeText(textToCopy(button));
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = label; }, 1500);
    });
  }
}

function closeMenu(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (event.type === "keydown" ? event.key !== "Escape" : menu.contains(event.target)) continue;
    menu.open = false;
    if (event.type === "keydown") menu.querySelector("summary").focus();
  }
}

function showCurrentTab() {
  for (const current of document.querySelectorAll(".tabs [aria-current=page], .subtabs [aria-current=page]")) {
    const row = current.parentElement;
    current.style.position = "static"; // the style sheet holds it in view for who has no scripts
    row.scrollLeft = current.offsetLeft - row.offsetLeft - 16;
  }
}

function openTablesToKeyboard() {
  for (const box of document.querySelectorAll(".table-wrap, pre, .formula")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

/** Lets a text be read from a file into its field. */
function armFilePickers() {
  for (const picker of document.querySelectorAll("input[type=file][data-into]")) {
    picker.hidden = false;
    for (const offer of document.querySelectorAll("[data-into-offer]")) offer.hidden = false;
    picker.addEventListener("change", async () => {
      const [file] = picker.files;
      if (!file) return;
      document.querySelector(picker.dataset.into).value = await file.text();
      document.querySelector(picker.dataset.intoName).value = file.name;
    });
  }
}

/** Whoever signs out leaves nothing of theirs in another tab, nor in what the browser kept of pages before this one. */
function leaveWithTheSession() {
  const KEY = "signed-out-at";
  const { location } = window;
  const isSignedIn = document.querySelectorAll("header.site form[action='/sign-out']").length > 0;
  if (isSignedIn) {
    window.addEventListener("storage", ({ key, newValue }) => {
      if (key !== KEY || !newValue) return;
      window.sessionStorage.clear();
      location.reload();
    });
    window.addEventListener("pageshow", ({ persisted }) => {
      if (persisted && Number(window.localStorage.getItem(KEY)) > performance.timeOrigin) location.reload();
    });
  } else if (location.hash === "#signed-out" || location.pathname === "/sign-out") {
    window.localStorage.setItem(KEY, Date.now());
    if (location.hash) window.history.replaceState(null, "", location.pathname);
  }
}

localiseTimes(document);
armCopyButtons(document);
armFilePickers();
showCurrentTab();
openTablesToKeyboard();
document.addEventListener("click", closeMenu);
document.addEventListener("keydown", closeMenu);
/** For scripts that put new markup into the page. */
document.addEventListener("holdout:markup", (event) => {
  localiseTimes(event.target);
  armCopyButtons(event.target);
});
leaveWithTheSession();
