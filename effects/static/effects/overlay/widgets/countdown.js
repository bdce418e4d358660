// A countdown to a moment. It counts by the clock, so that neither a pause nor a restart loses a second.

import { element } from "../dom.js";

export function mount(root, snapshot) {
  const title = element("p", { class: "title", dir: "auto" });
  const time = element("p", { class: "time", role: "timer" });
  root.append(element("div", { class: "panel" }, title, time));
  let end = null;
  let over = "";

  function show() {
    const left = end === null ? 0 : Math.max(0, Math.ceil((end - Date.now()) / 1000));
    time.textContent = left > 0 ? clock(left) : over;
    root.classList.toggle("over", left === 0);
  }

  function update({ title: words, over: last, end: moment }) {
    title.textContent = words;
    title.hidden = words === "";
    const later = moment === null ? null : Date.parse(moment);
    if (end !== null && later !== null && later > end) {
      root.classList.remove("longer");
      void root.offsetWidth; // begin the animation anew
      root.classList.add("longer");
    }
    end = later;
    over = last;
    root.hidden = moment === null;
    show();
  }

  update(snapshot);
  const timer = setInterval(show, 250);
  return { update, unmount: () => clearInterval(timer) };
}

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
