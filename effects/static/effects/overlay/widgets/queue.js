// What plays now, whose it is, and how many wait.

import { element, name } from "../dom.js";

export function mount(root, snapshot) {
  const line = element("p", { class: "panel", role: "status" });
  root.append(line);

  function update({ playing, waiting }) {
    const parts = playing.flatMap((one, place) => [place ? ", " : "now: ", name(one.name), ` · ${one.what}`]);
    const rest = waiting > 0 ? element("span", { class: "waiting" }, `${waiting} wait${waiting === 1 ? "s" : ""}`) : "";
    line.replaceChildren(...parts, ...(rest ? [parts.length ? "; " : "", rest] : []));
    root.hidden = playing.length === 0 && waiting === 0;
  }

  update(snapshot);
  return { update };
}
