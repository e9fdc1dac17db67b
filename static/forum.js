// Votes that are counted in place, a preview while one writes, and images that are pasted or dropped into a text. The forms
// do all of it without it.
"use strict";

const PREVIEW_AFTER_MS = 400;

/** Says what went wrong beside what was pressed or typed; an empty sentence takes it away. */
function complain(beside, sentence) {
  if (beside.nextElementSibling?.matches("[data-complaint]")) beside.nextElementSibling.remove();
  if (!sentence) return;
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.dataset.complaint = "";
  notice.setAttribute("role", "alert");
  notice.textContent = sentence;
  beside.after(notice);
}

async function castVote(form, button) {
  const beside = form.closest("footer") ?? form;
  try {
    const answer = await fetch(`/api/v1/posts/${form.dataset.vote}/vote`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ vote: button.value }),
    });
    const told = await answer.json();
    if (!answer.ok) return complain(beside, told.detail);
    complain(beside, "");
    count(form, told);
  } catch {
    complain(beside, "Your vote was not counted: the server does not answer. Try again in a moment.");
  }
}

function count(form, told) {
  form.querySelector("output").textContent = told.n_votes;
  for (const [one, vote] of [...form.querySelectorAll("button")].map((one, at) => [one, at === 0 ? "up" : "down"])) {
    const isCast = told.vote === vote;
    one.ariaPressed = String(isCast);
    one.value = isCast ? "none" : vote;
  }
}

for (const form of document.querySelectorAll("form[data-vote]")) {
  form.addEventListener("submit", (event) => {
    if (!event.submitter) return;
    event.preventDefault();
    castVote(form, event.submitter);
  });
}

/** A text as it will be shown, or null and why it is not drawn. */
async function drawn(text) {
  try {
    const answer = await fetch("/preview", { method: "POST", body: new URLSearchParams({ text }), redirect: "manual" });
    if (answer.type === "opaqueredirect") {
      return [null, "You are signed out. Sign in again in another tab before you send this; what you wrote stays here."];
    }
    return answer.ok ? [await answer.text(), ""] : [null, ""];
  } catch {
    return [null, "The server does not answer, so there is no preview now. What you wrote stays here."];
  }
}

function armPreview(field) {
  const preview = document.querySelector(field.dataset.preview);
  let timer;
  let newest = 0;
  const draw = async () => {
    const number = ++newest;
    const text = field.value;
    if (!text.trim()) return void (preview.hidden = true);
    const [html, complaint] = await drawn(text);
    if (number !== newest) return;
    complain(preview, complaint);
    preview.hidden = html === null;
    if (html === null) return;
    preview.innerHTML = html; // drawn and sanitised as every post is
    preview.dispatchEvent(new Event("holdout:markup", { bubbles: true }));
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(draw, PREVIEW_AFTER_MS);
  });
}

/** The Markdown that shows an image, or null and why the image was not taken. */
async function sentImage(image) {
  try {
    const answer = await fetch("/api/v1/images", {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: image,
    });
    const told = await answer.json();
    if (answer.status === 401) return [null, "You are signed out. Sign in again in another tab before you add an image."];
    return answer.ok ? [told.markdown, ""] : [null, told.detail];
  } catch {
    return [null, "The image was not sent: the server does not answer. Try again in a moment."];
  }
}

/** Replaces a part of the text; a writer who stands there stands behind it then, and anywhere else stays. */
function edit(field, from, to, text) {
  const isThere = from <= field.selectionStart && field.selectionStart <= to;
  field.setRangeText(text, from, to, isThere ? "end" : "preserve");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

let nImages = 0;

/** Sends an image, and shows it where the writer is, however much is typed meanwhile. */
async function putImage(field, image) {
  const waiting = `![Sending image ${++nImages}]()`;
  edit(field, field.selectionStart, field.selectionEnd, waiting);
  const [markdown, complaint] = await sentImage(image);
  complain(field, complaint);
  const at = field.value.indexOf(waiting);
  if (at >= 0) edit(field, at, at + waiting.length, markdown ?? "");
}

function armImages(field) {
  const take = (event, items) => {
    const images = [...(items?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    // What is copied from a table or a document comes as text and as its picture: the text is meant.
    if (images.length === 0 || items.getData("text/plain")) return;
    event.preventDefault();
    for (const image of images) putImage(field, image);
  };
  field.addEventListener("paste", (event) => take(event, event.clipboardData));
  field.addEventListener("drop", (event) => take(event, event.dataTransfer));
  document.getElementById("text-hint")?.append(" Or paste or drop one into the text.");
}

for (const field of document.querySelectorAll("textarea[data-preview]")) {
  armPreview(field);
  armImages(field);
}
