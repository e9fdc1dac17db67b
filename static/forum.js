// Votes that are counted in place, and a preview while one writes. The forms do both without it.
"use strict";

const PREVIEW_AFTER_MS = 400;

async function castVote(form, button) {
  const answer = await fetch(`/api/v1/posts/${form.dataset.vote}/vote`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vote: button.value }),
  });
  const told = await answer.json();
  if (!answer.ok) return void (form.title = told.detail);
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

function armPreview(field) {
  const preview = document.querySelector(field.dataset.preview);
  let timer;
  let newest = 0;
  const draw = async () => {
    const number = ++newest;
    const text = field.value;
    if (!text.trim()) return void (preview.hidden = true);
    const answer = await fetch("/preview", { method: "POST", body: new URLSearchParams({ text }) });
    if (!answer.ok || number !== newest) return;
    preview.innerHTML = await answer.text(); // drawn and sanitised as every post is
    preview.hidden = false;
    preview.dispatchEvent(new Event("holdout:markup", { bubbles: true }));
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(draw, PREVIEW_AFTER_MS);
  });
}

for (const field of document.querySelectorAll("textarea[data-preview]")) armPreview(field);
