// Plays the file that is chosen in a sound's form before it is saved, and tries it without losing the choice.
"use strict";
(() => {
  const input = document.querySelector("#sound_form input[type=file]");
  if (!input) return;
  const form = input.form;

  const player = Object.assign(document.createElement("audio"), { controls: true, ariaLabel: "The chosen file" });
  const said = document.createElement("p");
  said.className = "help";
  said.setAttribute("role", "status");
  input.after(player, said);
  player.hidden = true;
  player.addEventListener("error", () => { said.textContent = "This browser can't play the file. It must be wav, mp3, ogg or opus."; });
  player.addEventListener("loadedmetadata", () => { said.textContent = `${player.duration.toFixed(1)} s. It is heard here alone until you save it.`; });

  function show() {
    URL.revokeObjectURL(player.src);
    said.textContent = "";
    player.hidden = input.files.length === 0;
    if (!player.hidden) player.src = URL.createObjectURL(input.files[0]);
    else player.removeAttribute("src");
    turn();
  }

  // As loud as the form says; what is louder than speech is turned down once the bot has measured it.
  function turn() {
    const volume = Number(form.elements.volume.value);
    if (volume >= 0 && volume <= 1) player.volume = volume;
  }

  input.addEventListener("change", show);
  form.elements.volume.addEventListener("input", turn);
  show(); // a browser that comes back to the page keeps the choice

  // A page that comes back has lost the file, so the page stays and the answer is read from the one that comes.
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.name !== "_try" || input.files.length === 0) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    event.submitter.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: data });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const lines = [...page.querySelectorAll(".messagelist li, .errorlist li")].map((line) => line.textContent.trim());
      told(lines.length ? lines : ["The bot did not take it. Are you still logged in?"]);
    } catch {
      told(["The bot does not answer. Is it running?"]);
    }
    event.submitter.disabled = false;
  });

  function told(lines) {
    const row = form.querySelector(".try-row");
    const list = row.querySelector(".tried") || document.createElement("p");
    list.className = "tried";
    list.setAttribute("role", "status");
    list.textContent = lines.join(" ");
    row.append(list);
  }
})();
