// The stream's credits, rolling from below for as long as the queue says.

import { animate, element, name, reducedMotion } from "../dom.js";

export function mount(root) {
  root.hidden = true;
  return {
    async play(message, show) {
      const title = element("h1", { dir: "auto" });
      title.textContent = message.title;
      const last = element("p", { class: "last", dir: "auto" });
      last.textContent = message.last;
      const roll = element("div", { class: "roll" }, title, ...message.sections.map(sectionOf), last);
      root.replaceChildren(roll);
      root.hidden = false;
      show.tidy(() => {
        root.hidden = true;
        root.replaceChildren();
      });
      show.begin();
      const duration = message.seconds * 1000;
      const up = root.clientHeight - roll.scrollHeight;
      // With less motion the names pass a page at a time.
      const easing = reducedMotion.matches ? `steps(${Math.max(1, Math.ceil(-up / root.clientHeight))}, end)` : "linear";
      const from = reducedMotion.matches ? 0 : root.clientHeight;
      const moving = roll.animate(
        [{ transform: `translateY(${from}px)` }, { transform: `translateY(${Math.min(0, up)}px)` }],
        { duration: duration * 0.92, easing, fill: "both" },
      );
      moving.currentTime = show.elapsed * 1000;
      await show.pause(duration - show.elapsed * 1000);
      await animate(roll, [{ opacity: 1 }, { opacity: 0 }], { duration: 200, fill: "forwards" }).finished;
    },
  };
}

function sectionOf({ title, names }) {
  const heading = element("h2", {});
  heading.textContent = title;
  return element("section", {}, heading, ...names.map((one) => element("p", {}, name(one))));
}
