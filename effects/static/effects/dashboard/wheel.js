// Has the server draw the wheel anew, with the chances, while a form of prizes is changed and not saved yet.
"use strict";
(() => {
  const part = document.getElementById("wheel-preview");
  const form = document.querySelector("#prize_form, #changelist-form");
  if (!form) return;
  let asked = 0; // only the last answer counts, in whatever order they come
  let soon = null;

  async function draw() {
    const mine = ++asked;
    let html = null;
    try {
      const answer = await fetch(part.dataset.draw, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (answer.ok && !answer.redirected) html = await answer.text();
    } catch {
      // said below
    }
    if (mine !== asked) return;
    if (html === null) part.querySelector("[data-stale]").hidden = false;
    else part.innerHTML = html;
  }

  form.addEventListener("input", () => {
    clearTimeout(soon);
    soon = setTimeout(draw, 150);
  });
  form.addEventListener("reset", () => setTimeout(draw, 0));
  // A browser that comes back to the page may fill the form with what was typed before.
  addEventListener("pageshow", (event) => event.persisted && draw());
})();
