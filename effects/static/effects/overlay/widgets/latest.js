// The latest tip, follower and subscriber, and the top tip, each in a cell.

import { element, figure, icon, name } from "../dom.js";

const ICONS = { tip: "tip", top_tip: "crown", follower: "heart", subscriber: "star" };

export function mount(root, snapshot) {
  const cells = element("ul", {});
  root.append(cells);
  const before = new Map();

  function update({ cells: told }) {
    root.hidden = told.length === 0;
    cells.replaceChildren(...told.map((one) => {
      const words = `${one.name} ${one.tokens}`;
      const isNew = before.has(one.kind) && before.get(one.kind) !== words;
      before.set(one.kind, words);
      const amount = one.tokens ? element("span", { class: "amount" }, ` ${figure(one.tokens)}`) : "";
      return element("li", { class: `panel${isNew ? " changed" : ""}` },
        element("span", { class: "badge" }, icon(ICONS[one.kind])),
        element("div", { class: "cell" },
          element("div", { class: "label" }, one.label), element("div", { class: "who" }, name(one.name), amount)),
      );
    }));
  }

  update(snapshot);
  return { update };
}
