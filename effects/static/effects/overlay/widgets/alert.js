// A line in large letters, for as many seconds as it says.

import { element } from "../dom.js";

export function mount(root) {
  root.hidden = true;
  const text = element("p", { class: "words", role: "status", dir: "auto" });
  root.append(element("div", { class: "panel" }, text));
  return {
    async play(message, show) {
      text.textContent = message.text;
      root.hidden = false;
      show.tidy(() => {
        root.hidden = true;
      });
      show.begin();
      await show.pause((message.seconds - show.elapsed) * 1000);
    },
  };
}
