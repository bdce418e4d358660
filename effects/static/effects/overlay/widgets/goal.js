// A goal: how far it is, and the milestones on the way.

import { element, figure } from "../dom.js";
import { confetti, themeColours } from "../confetti.js";

export function mount(root, snapshot) {
  const title = element("span", { class: "title", dir: "auto" });
  const numbers = element("span", { class: "numbers" });
  const bar = element("div", { class: "fill" });
  const marks = element("div", { class: "marks" });
  const next = element("p", { class: "next", dir: "auto" });
  const head = element("p", { class: "head" }, title, numbers);
  root.append(element("div", { class: "panel" }, head, element("div", { class: "track" }, bar, marks), next));
  let reached = null; // steps that were reached; null: not known yet

  function update({ title: words, now, target, unit, milestones }) {
    root.hidden = target === 0;
    title.textContent = words || "Goal";
    numbers.textContent = `${figure(now)} / ${figure(target)}${unit ? ` ${unit}` : ""}`;
    bar.style.width = `${Math.max(0, Math.min(100, target ? (100 * now) / target : 0))}%`;
    marks.replaceChildren(...milestones.map((one) => {
      const mark = element("i", { class: one.at <= now ? "reached" : "" });
      mark.style.left = `${(100 * one.at) / target}%`;
      return mark;
    }));
    const ahead = milestones.find((one) => one.at > now);
    next.textContent = ahead ? `${figure(ahead.at)}: ${ahead.label}` : "";
    next.hidden = !ahead;
    const steps = [...milestones.map((one) => one.at), target].filter((step) => step > 0 && step <= now).length;
    if (reached !== null && steps > reached) {
      root.classList.remove("met");
      void root.offsetWidth; // begin the animation anew
      root.classList.add("met");
      confetti(root, themeColours(root));
    }
    reached = steps;
  }

  update(snapshot);
  return { update };
}
