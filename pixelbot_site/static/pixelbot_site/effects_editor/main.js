// The editor of a list of effects: cards in place of the text field, which holds the list as JSON and is what the form
// sends; without scripts it is edited by hand. What cards there are comes from the server, with the text field.
import { effectList } from "./cards.js";
import { make } from "./page.js";

document.querySelectorAll("textarea[data-effects]").forEach(edit);

function edit(area) {
  const steps = parsed(area.value);
  if (!Array.isArray(steps) || !steps.every((step) => step && typeof step === "object" && !Array.isArray(step))) {
    return; // no list of effects: leave the text field visible, to be corrected there
  }
  const live = make("div", { className: "visually-hidden" });
  live.setAttribute("aria-live", "polite");
  const { groups, kinds, limits } = data(area, "kinds");
  Object.setPrototypeOf(kinds, null); // “constructor” is no kind
  const mistakes = data(area, "mistakes");
  const editor = {
    groups,
    kinds,
    limits,
    announce: (sentence) => { live.textContent = sentence; },
    // The messages of what is wrong at a path; `inside`: or anywhere below it. What was added since has no path.
    wrong: (path, inside = false) => mistakes
      .filter((mistake) => path && (inside || mistake.path.length === path.length))
      .filter((mistake) => path.every((key, place) => mistake.path[place] === key))
      .map((mistake) => mistake.message),
  };
  const keep = () => { area.value = JSON.stringify(steps); };
  const label = document.querySelector(`label[for="${area.id}"]`);
  const keys = make("p", { className: "tip", textContent: "Alt and ↑ or ↓ moves the card that you are in." });
  const frame = make("div", { className: "effects" }, keys, effectList(editor, steps, [], 1, keep), live);
  frame.setAttribute("role", "group");
  if (label) {
    label.id ||= `${area.id}-label`;
    label.removeAttribute("for"); // it would lead to the hidden text field
    frame.setAttribute("aria-labelledby", label.id);
  }
  const described = area.getAttribute("aria-describedby");
  if (described) {
    frame.setAttribute("aria-describedby", described);
  }
  area.hidden = true;
  area.nextElementSibling.hidden = true; // how the list is written by hand
  area.after(frame);
}

function parsed(text) {
  try {
    return JSON.parse(text || "[]");
  } catch {
    return null;
  }
}

function data(area, name) {
  return JSON.parse(document.getElementById(`${area.id}-${name}`).textContent);
}
