// The upload form: a file can be dropped on it, and a bar shows how far the upload is. A large file
// travels in parts (tus 1.0) and goes on after a lost connection or another visit. Without this script
// the plain form sends the same.
"use strict";

const LARGE_BYTES = 8 << 20;
const PART_BYTES = 8 << 20;
const UPLOADS = "/api/v1/uploads";
const WAITS_S = [1, 2, 4, 8, 15, 30, 30];

/** What the server said no to, in its words. */
class Refusal extends Error {}

function armUpload(root) {
  const form = root.querySelector("form[data-upload]");
  if (!form) return;
  const drop = form.querySelector("[data-drop]");
  const input = form.querySelector("input[type=file]");

  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) {
    drop.addEventListener(kind, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length > 0) input.files = event.dataTransfer.files;
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, event.submitter, input.files[0]);
  });
}

async function submit(form, button, file) {
  const address = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  const purpose = button?.dataset.purpose ?? form.dataset.purpose;
  // A form without a purpose takes whole files alone.
  const isSentInParts = purpose && file?.size > LARGE_BYTES;
  const body = new FormData(form);
  const bar = form.querySelector("progress");
  const buttons = [...form.querySelectorAll("button:not([disabled])")];
  const show = (share) => { bar.value = 100 * share; };
  bar.hidden = false;
  show(0);
  say(form, "");
  for (const one of buttons) one.disabled = true;
  try {
    if (isSentInParts) {
      body.set("upload", await sendInParts(form, purpose, file, show));
      body.delete("file");
    }
    const answer = await sendForm(form, address, body, isSentInParts ? null : show);
    if (answer.status < 400) {
      localStorage.removeItem(keyOf(form, purpose, file));
      form.dataset.sent = "";
      location.assign(answer.responseURL);
      return;
    }
    showAnswer(answer.responseText, file && form.querySelector("input[type=file]").files);
  } catch (error) {
    if (error instanceof Refusal) say(form, error.message);
    else sayBroken(form);
  }
  bar.hidden = true;
  for (const one of buttons) one.disabled = false;
}

/** The form. One that has a key is sent again by itself: by the key the server knows it, should it have come. */
async function sendForm(form, address, body, show) {
  for (const wait of body.has("form_key") ? [...WAITS_S, null] : [null]) {
    try {
      const answer = await exchange("POST", address, {}, body, show);
      say(form, "");
      return answer;
    } catch (error) {
      if (wait === null) throw error;
      say(form, "The connection is lost. The file is sent again by itself as soon as the server answers; it is taken once.");
      await new Promise((resume) => setTimeout(resume, wait * 1000));
    }
  }
}

function sayBroken(form) {
  const all = form.dataset.sentThere;
  const look = all ? " Before you send it again, check whether it is among " : " Check what has arrived before you send it again.";
  const notice = say(form, `The upload was interrupted before the server answered.${look}`);
  if (!all) return;
  const link = document.createElement("a");
  link.href = all;
  link.textContent = "My submissions";
  notice.append(link, ".");
}

/** One request with progress; rejects when no answer comes. */
function exchange(method, address, headers, body, show) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (show && event.lengthComputable) show(event.loaded / event.total, event.loaded);
    });
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => reject(new Error("no answer")));
    request.open(method, address);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

/** Where the address of an upload of this file is remembered until it is used. */
function keyOf(form, purpose, file) {
  return file ? ["upload", form.dataset.competition ?? "", purpose, file.name, file.size, file.lastModified].join(" ") : "";
}

/** Sends a file in parts for as long as it takes; gives the end of the upload's address: its id, and its key where it has one. */
async function sendInParts(form, purpose, file, show) {
  const key = keyOf(form, purpose, file);
  for (let failures = 0; ; failures += 1) {
    try {
      let offset = await offsetOf(localStorage.getItem(key));
      if (offset === null) {
        localStorage.setItem(key, await begin(form.dataset.competition, purpose, file));
        offset = 0;
      }
      const address = localStorage.getItem(key);
      while (offset < file.size) {
        offset = await sendPart(address, file, offset, show);
        failures = 0;
        say(form, "");
      }
      return address.split("/").pop();
    } catch (error) {
      if (error instanceof Refusal) throw error;
      say(form, "The connection was lost. The upload will resume as soon as the server answers.");
      await new Promise((resume) => setTimeout(resume, Math.min(30, 2 ** failures) * 1000));
    }
  }
}

/** An answer of the protocol; a refusal that no patience changes is thrown. */
async function speak(method, address, headers, body, show) {
  const answer = await exchange(method, address, { "Tus-Resumable": "1.0.0", ...headers }, body, show);
  const passes = answer.status >= 500 || [409, 423].includes(answer.status);
  if (passes) throw new Error("try again");
  if (answer.status >= 400 && answer.status !== 404) {
    throw new Refusal(method === "HEAD" ? "This upload cannot be resumed." : JSON.parse(answer.responseText).detail);
  }
  return answer;
}

async function begin(competition, purpose, file) {
  const encode = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const pairs = Object.entries({ competition: competition ?? "", purpose, filename: file.name });
  const metadata = pairs.map(([name, value]) => `${name} ${encode(value)}`).join(",");
  const answer = await speak("POST", UPLOADS, { "Upload-Length": file.size, "Upload-Metadata": metadata });
  if (answer.status === 404) throw new Refusal(JSON.parse(answer.responseText).detail);
  return answer.getResponseHeader("Location");
}

/** Where an upload stands; null for one that is gone. */
async function offsetOf(address) {
  if (!address) return null;
  const answer = await speak("HEAD", address, {});
  return answer.status === 404 ? null : Number(answer.getResponseHeader("Upload-Offset"));
}

async function sendPart(address, file, offset, show) {
  const part = file.slice(offset, offset + PART_BYTES);
  const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
  const answer = await speak("PATCH", address, headers, part, (_, sent) => show((offset + sent) / file.size));
  if (answer.status === 404) throw new Error("gone"); // begun anew by the next round
  return Number(answer.getResponseHeader("Upload-Offset"));
}

/** Puts the page that came back, with its sentences, in place of this one's. */
function showAnswer(html, files) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("main");
  const main = document.getElementById("main");
  if (!fresh || !main) return;
  main.replaceChildren(...fresh.childNodes);
  main.dispatchEvent(new Event("holdout:markup", { bubbles: true }));
  armUpload(main);
  const field = main.querySelector("form[data-upload] input[type=file]");
  if (field && files) field.files = files; // a form that comes back has no file
  main.querySelector("[role=alert], .error")?.scrollIntoView({ block: "center" });
}

/** Says something above the form; nothing takes it away. */
function say(form, sentence) {
  form.querySelector("[data-said]")?.remove();
  if (!sentence) return;
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.dataset.said = "";
  notice.setAttribute("role", "alert");
  notice.textContent = sentence;
  form.prepend(notice);
  return notice;
}

armUpload(document);

// Whoever goes back finds the page as it was left, should the browser have kept it: with the key of what was sent, and
// buttons that take nothing.
window.addEventListener("pageshow", (event) => {
  const form = document.querySelector("form[data-upload][data-sent]");
  if (!event.persisted || !form) return;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  location.reload();
});
