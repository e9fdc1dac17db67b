// The upload form: a file can be dropped on it, and a bar shows how far the upload is. Without it
// the plain form sends the same.
"use strict";

function armUpload(root) {
  const form = root.querySelector("form[data-upload]");
  if (!form) return;
  const drop = form.querySelector("[data-drop]");
  const input = form.querySelector("input[type=file]");
  const bar = form.querySelector("progress");

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
    const address = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
    send(form, address, bar);
  });
}

function send(form, address, bar) {
  const buttons = [...form.querySelectorAll("button:not([disabled])")];
  const request = new XMLHttpRequest();
  const again = () => {
    bar.hidden = true;
    for (const button of buttons) button.disabled = false;
  };
  bar.hidden = false;
  bar.value = 0;
  for (const button of buttons) button.disabled = true;
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
  });
  request.upload.addEventListener("load", () => bar.removeAttribute("value"));
  request.addEventListener("load", () => {
    if (request.status < 400) {
      location.assign(request.responseURL);
      return;
    }
    again();
    showAnswer(request.responseText);
  });
  request.addEventListener("error", () => {
    again();
    say(form, "The upload broke off before the server answered. Look at your submissions before you send it again.");
  });
  request.open("POST", address);
  request.send(new FormData(form));
}

/** Puts the page that came back, with its sentences, in place of this one's. */
function showAnswer(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("main");
  const main = document.getElementById("main");
  if (!fresh || !main) return;
  main.replaceChildren(...fresh.childNodes);
  main.dispatchEvent(new Event("holdout:markup", { bubbles: true }));
  armUpload(main);
  main.querySelector("[role=alert], .error")?.scrollIntoView({ block: "center" });
}

function say(form, sentence) {
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = sentence;
  form.prepend(notice);
}

armUpload(document);
