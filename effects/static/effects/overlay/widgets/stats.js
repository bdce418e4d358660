// Figures of the stream. How long it is on counts by the clock.

import { element, figure } from "../dom.js";

export function mount(root, snapshot) {
  const cells = element("dl", { class: "panel" });
  root.append(cells);
  let began = null;

  function show() {
    const cell = cells.querySelector(".time dd");
    if (cell && began !== null) {
      const minutes = Math.max(0, Math.floor((Date.now() - began) / 60000));
      cell.textContent = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
    }
  }

  function update({ began: moment, cells: told }) {
    began = moment === null ? null : Date.parse(moment);
    root.hidden = began === null;
    cells.replaceChildren(...told.map(({ kind, label, number }) => {
      const value = element("dd", {}, number === null ? "" : figure(number));
      return element("div", { class: kind }, value, element("dt", {}, kind === "time" ? "live" : label));
    }));
    show();
  }

  update(snapshot);
  const timer = setInterval(show, 5000);
  return { update, unmount: () => clearInterval(timer) };
}
