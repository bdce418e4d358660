// Puts a button that plays the voice beside each list of voices, and one beside each box that chooses a voice.
"use strict";
(() => {
  const HEAR = "/admin/effects/speechsource/hear/";
  const SAMPLE = "This is the voice of your stream.";
  const player = new Audio();

  // A button that plays the voice that `voice()` returns then, "" for the one of the settings.
  window.playButton = (voice, name) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button play-voice", textContent: "▶ Play", ariaLabel: `Play ${name}` });
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    said.className = "voice-said";
    button.onclick = async () => {
      button.disabled = true;
      said.textContent = "";
      try {
        await play(voice(), button.closest("[data-browsers-voices]") !== null);
      } catch (error) {
        said.textContent = error.message;
      }
      button.disabled = false;
    };
    const both = document.createElement("span");
    both.className = "voice-play";
    both.append(button, said);
    return both;
  };

  async function play(voice, inBrowser) {
    if (inBrowser) return utter(voice);
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(HEAR, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": token },
      body: new URLSearchParams({ text: SAMPLE, voice }),
    }).catch(() => { throw new Error("The bot does not answer. Is it running?"); });
    if (!answer.ok || answer.redirected) throw new Error("You may not hear voices, or are logged out.");
    const { address, reason } = await answer.json();
    if (!address) throw new Error(reason);
    player.src = address;
    await player.play();
    await new Promise((resolve) => { player.onended = player.onpause = player.onerror = resolve; });
  }

  function utter(name) {
    const utterance = new SpeechSynthesisUtterance(SAMPLE);
    utterance.voice = speechSynthesis.getVoices().find((voice) => voice.name === name || voice.lang === name) || null;
    return new Promise((resolve, reject) => {
      utterance.onend = resolve;
      utterance.onerror = (event) => reject(new Error(`This browser does not speak: ${event.error}.`));
      speechSynthesis.cancel();
      speechSynthesis.speak(utterance);
    });
  }

  // Where the overlay's browser speaks, this browser's voices are offered: some browsers know them only after a moment.
  window.offerBrowsersVoices = (list) => {
    const place = list.matches("select") ? list.parentElement : list;
    place.dataset.browsersVoices = "";
    const offer = () => speechSynthesis.getVoices().forEach((voice) => {
      if (list.matches("select")) {
        if (![...list.options].some((option) => option.value === voice.name)) {
          list.append(new Option(`${voice.name}, ${voice.lang}`, voice.name));
        }
      } else if (![...list.querySelectorAll("input")].some((box) => box.value === voice.name)) {
        list.append(box(list.dataset.name, voice));
        const added = list.lastElementChild;
        if (list.querySelectorAll("input").length > 1) added.querySelectorAll("input, button").forEach((part) => { part.tabIndex = -1; });
      }
    });
    if (!("speechSynthesis" in window)) return;
    offer();
    speechSynthesis.addEventListener("voiceschanged", offer);
  };

  function box(name, voice) {
    const label = document.createElement("label");
    label.append(Object.assign(document.createElement("input"), { type: "checkbox", name, value: voice.name }));
    label.append(` ${voice.name}, ${voice.lang}`);
    const choice = document.createElement("span");
    choice.className = "voice-choice";
    choice.append(label);
    dressBox(choice);
    return choice;
  }

  function dressBox(choice) {
    const input = choice.querySelector("input");
    choice.append(window.playButton(() => input.value, choice.textContent.trim()));
  }

  // A list of a hundred voices is one stop of Tab: arrows move in it, as they do in other lists.
  function moveByArrows(list) {
    const boxes = () => [...list.querySelectorAll("input")];
    const stopAt = (now) => {
      for (const other of boxes()) {
        const stop = other === now ? 0 : -1;
        other.tabIndex = stop;
        other.closest(".voice-choice").querySelector("button").tabIndex = stop;
      }
    };
    list.addEventListener("focusin", (event) => {
      const choice = event.target.closest(".voice-choice");
      if (choice) stopAt(choice.querySelector("input"));
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
      if (!step || !event.target.matches("input")) return;
      event.preventDefault();
      const all = boxes();
      all[Math.max(0, Math.min(all.length - 1, all.indexOf(event.target) + step))].focus();
    });
    if (boxes().length) stopAt(boxes()[0]);
  }

  function dress() {
    for (const list of document.querySelectorAll("select[data-voices]")) {
      if (list.dataset.voices === "browser") window.offerBrowsersVoices(list);
      list.closest(".voice-field").querySelector("a.hear")?.replaceWith(window.playButton(() => list.value, "this voice"));
    }
    for (const list of document.querySelectorAll(".voice-checks")) {
      list.querySelectorAll(".voice-choice").forEach(dressBox);
      list.closest(".voice-field").querySelector("a.hear").remove();
      moveByArrows(list);
      if (list.dataset.voices === "browser") window.offerBrowsersVoices(list);
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", dress);
  else dress();
})();
