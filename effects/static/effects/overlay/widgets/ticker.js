// Lines that move past; where less motion is wanted, one after the other stands still.

import { element, reducedMotion, withName } from "../dom.js";

const STILL_SECONDS = 6;

export function mount(root, snapshot) {
  const strip = element("div", { class: "strip" });
  root.append(element("div", { class: "panel" }, strip));
  let moving = null;
  let timer = 0;
  let told = snapshot;

  // One pass takes as long as the strip is wide: each goes on where the one before ended, with what is told then.
  function pass() {
    clearTimeout(timer);
    strip.replaceChildren(...told.items.map(itemOf));
    root.hidden = told.items.length === 0;
    if (reducedMotion.matches) {
      stand(0);
      return;
    }
    const distance = root.clientWidth + strip.scrollWidth;
    if (root.clientWidth === 0 || told.items.length === 0) {
      timer = setTimeout(pass, 1000);
      return;
    }
    const seconds = (distance / root.clientWidth) * (60 / told.speed);
    moving = strip.animate(
      [{ transform: `translateX(${root.clientWidth}px)` }, { transform: `translateX(-${strip.scrollWidth}px)` }],
      { duration: seconds * 1000 },
    );
    moving.onfinish = pass;
  }

  function stand(place) {
    [...strip.children].forEach((one, at) => {
      one.hidden = at !== place % strip.childElementCount;
    });
    timer = setTimeout(() => (place + 1 < strip.childElementCount ? stand(place + 1) : pass()), STILL_SECONDS * 1000);
  }

  pass();
  return {
    update(data) {
      const wasEmpty = told.items.length === 0;
      told = data;
      if (wasEmpty) {
        pass();
      }
    },
    unmount() {
      moving?.cancel();
      clearTimeout(timer);
    },
  };
}

function itemOf({ text, name }) {
  return element("span", { class: "item", dir: "auto" }, ...withName(text, name));
}
