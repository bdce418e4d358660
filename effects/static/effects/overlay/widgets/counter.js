// A counter: its name and its number, which pops when it changes.

import { element, figure } from "../dom.js";

export function mount(root, snapshot) {
  const label = element("span", { class: "label", dir: "auto" });
  const number = element("span", { class: "number" });
  root.append(element("p", { class: "panel" }, label, number));
  let last = null; // null: not known yet

  function update({ label: words, number: now }) {
    root.hidden = now === null;
    label.textContent = words;
    number.textContent = now === null ? "" : figure(now);
    number.classList.remove("pop");
    if (last !== null && now !== null && now !== last) {
      void number.offsetWidth; // begin the animation anew
      number.classList.add("pop");
    }
    last = now;
  }

  update(snapshot);
  return { update };
}
