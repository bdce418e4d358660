// Hides the conditions that an occasion has not. Without this script they are ignored when the row is saved.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const occasion = document.querySelector("select[data-about]");
  if (!occasion) {
    return;
  }
  const about = JSON.parse(occasion.dataset.about);
  const conditional = [...new Set(Object.values(about).flatMap((entry) => entry.hidden))];
  const boxOf = (name) => {
    const field = document.getElementById(`id_${name}`);
    return field && (field.closest(".fieldBox") || field.closest(".form-row"));
  };
  const words = document.createElement("div");
  words.className = "help";
  words.setAttribute("aria-live", "polite");
  boxOf("occasion").append(words);

  const show = () => {
    const entry = about[occasion.value] || { hidden: [], words: "" };
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
  occasion.addEventListener("change", show);
  show();
});
