// A line of text.

import { element } from "../dom.js";

export function mount(root, snapshot) {
  const line = element("p", { class: "panel", dir: "auto" });
  root.append(line);

  function update({ text }) {
    line.textContent = text;
    root.hidden = text === "";
  }

  update(snapshot);
  return { update };
}
