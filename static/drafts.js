// What one writes in a forum is kept in this tab until it is there, so that a session that ended, or a reload, takes nothing away.
"use strict";

const SAVED_AFTER_MS = 400;
const reader = document.querySelector("header.site .who .muted")?.textContent.trim() ?? "";

/** Where a form's draft lies: another reader of the same browser has others. */
function draftKey(form) {
  return `draft ${reader} ${form.getAttribute("action")}`;
}

function readDraft(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function keepDraft(key, draft) {
  try {
    sessionStorage.setItem(key, JSON.stringify(draft));
  } catch {
    // No room left: what is typed stands on the page all the same.
  }
}

/** Whether this page is where a text that was sent from a form is read: its topic, or its place among other posts. */
function isWhereItStands(key) {
  const isNewTopic = /\/new(\?.*)?$/.test(key);
  return isNewTopic ? /^\/topics\/\d+$/.test(location.pathname) : location.hash.startsWith("#post-");
}

function dropWhatArrived() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith("draft ") && readDraft(key)?.isSent && isWhereItStands(key)) sessionStorage.removeItem(key);
  }
}

function armDraft(form) {
  const fields = [...form.querySelectorAll("textarea[name], input:not([type])[name], input[type=text][name]")];
  const key = draftKey(form);
  const typed = (isSent) => ({ isSent, texts: Object.fromEntries(fields.map((field) => [field.name, field.value])) });
  const asDrawn = new Map(fields.map((field) => [field, field.value]));
  const save = (isSent) => {
    const isTyped = fields.some((field) => field.value !== asDrawn.get(field)) || readDraft(key);
    if (fields.every((field) => !field.value.trim())) sessionStorage.removeItem(key);
    else if (isTyped) keepDraft(key, typed(isSent));
  };
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => save(false), SAVED_AFTER_MS);
  });
  window.addEventListener("pagehide", () => {
    clearTimeout(timer);
    if (!readDraft(key)?.isSent) save(false);
  });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    save(event.submitter?.value !== "preview");
  });
  const draft = readDraft(key);
  if (draft?.isSent) keepDraft(key, { ...draft, isSent: false }); // it came back, or was never taken
  restore(form, fields, key, asDrawn);
}

function restore(form, fields, key, asDrawn) {
  const draft = readDraft(key);
  const lost = fields.filter((field) => draft?.texts[field.name] && draft.texts[field.name] !== field.value);
  if (lost.length === 0) return;
  for (const field of lost) field.value = draft.texts[field.name];
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "status");
  notice.textContent = "What you wrote here before and did not send is back. ";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = "Throw it away";
  button.addEventListener("click", () => {
    for (const field of fields) field.value = asDrawn.get(field);
    sessionStorage.removeItem(key);
    notice.remove();
  });
  notice.append(button);
  form.prepend(notice);
}

dropWhatArrived();
for (const form of document.querySelectorAll("form[data-draft]")) armDraft(form);
