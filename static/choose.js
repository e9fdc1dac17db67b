// Counts along while one ticks what counts in the end. The form and the server do all of it without this.
"use strict";

for (const form of document.querySelectorAll("form[data-most]")) {
  const told = form.querySelector("[data-count]");
  const most = Number(form.dataset.most);
  const count = () => {
    const n = form.querySelectorAll("input[name=chosen]:checked").length;
    told.textContent = n > most ? `${n} chosen: ${n - most} more than the ${most} that can count` : `${n} of ${most} chosen`;
    told.classList.toggle("error", n > most);
    told.hidden = false;
  };
  if (told) {
    form.addEventListener("change", count);
    count();
  }
}
