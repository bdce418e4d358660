// A leaderboard. Places that are new or changed are marked for a moment.

import { element, figure, icon, name } from "../dom.js";

export function mount(root, snapshot) {
  const title = element("p", { class: "title", dir: "auto" });
  const list = element("ol", {});
  root.append(element("div", { class: "panel" }, title, list));
  let before = null;

  function update({ title: words, places }) {
    root.hidden = places.length === 0;
    title.textContent = words;
    const key = (one) => `${one.name} ${one.amount}`;
    const known = before;
    before = new Set(places.map(key));
    list.replaceChildren(...places.map((one, place) => {
      const isNew = known !== null && !known.has(key(one));
      const rank = element("span", { class: "rank" }, ...(place === 0 ? [icon("crown")] : [String(place + 1)]));
      const amount = element("span", { class: "amount" }, figure(one.amount));
      return element("li", { class: isNew ? "changed" : "" }, rank, name(one.name), amount);
    }));
  }

  update(snapshot);
  return { update };
}
