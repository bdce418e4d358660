// Hides the fields that do not go with what a form's first choice names: conditions that an occasion has not, say.
// Without this script they are ignored.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const choice = document.querySelector("select[data-about]");
  if (!choice) {
    return;
  }
  const about = JSON.parse(choice.dataset.about);
  const conditional = [...new Set(Object.values(about).flatMap((entry) => entry.hidden))];
  const boxOf = (name) => {
    const field = document.getElementById(`id_${name}`);
    return field && (field.closest(".fieldBox") || field.closest(".form-row"));
  };
  const words = document.createElement("div");
  words.className = "help";
  words.setAttribute("aria-live", "polite");
  boxOf(choice.name).append(words);

  const show = () => {
    const entry = about[choice.value] || { hidden: [], words: "" };
    for (const name of conditional) {
      const box = boxOf(name);
      if (box) {
        box.hidden = entry.hidden.includes(name);
        const row = box.closest(".form-row");
        if (row !== box) {
          row.hidden = [...row.querySelectorAll(".fieldBox")].every((other) => other.hidden);
        }
      }
    }
    words.textContent = entry.words;
  };
  choice.addEventListener("change", show);
  show();
});
