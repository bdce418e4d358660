// The prize wheel: a slice is as wide as its prize's weight, and the prize that was drawn stops under the pointer.

import { confetti, themeColours } from "../confetti.js";
import { animate, element, name, svg } from "../dom.js";

const EASING = "cubic-bezier(0.12, 0.55, 0.1, 1)";
const LONGEST_NAME = 22;
// What a name has between the rim and the hub.
const NAME_SPACE = 76;

export function mount(root) {
  root.hidden = true;
  const disc = element("div", { class: "disc" });
  const pointer = element("span", { class: "pointer" });
  const face = element("div", { class: "face" }, disc, element("span", { class: "shine" }), pointer);
  const words = element("p", { class: "panel", role: "status" });
  root.append(face, words);

  // As large as fits above the words: round, whatever the shape of its place.
  function size() {
    const side = Math.min(root.clientWidth, root.clientHeight - words.offsetHeight * 1.35);
    face.style.width = `${Math.max(0, side)}px`;
  }
  const watch = new ResizeObserver(size);
  watch.observe(root);

  async function play(message, show) {
    const slice = draw(disc, message.slices, message.prize);
    say(words, message.user, "spins");
    root.classList.remove("won");
    root.hidden = false;
    size();
    fitNames(disc);
    document.fonts.ready.then(() => fitNames(disc)); // the theme's letters may come later
    show.tidy(() => {
      root.hidden = true;
      disc.getAnimations().forEach((animation) => animation.cancel());
    });
    const heard = sounds(message, show);
    show.begin();
    heard.start?.playQuietly();
    heard.loop?.playQuietly();
    await turn(disc, pointer, slice, message, show);
    heard.loop?.pause();
    heard.win?.playQuietly();
    root.classList.add("won");
    say(words, message.user, "wins", message.prize_name);
    show.tidy(confetti(root, themeColours(root)));
    await show.pause((message.seconds + message.hold - Math.max(message.seconds, show.elapsed)) * 1000);
  }

  return { play, unmount: () => watch.disconnect() };
}

function sounds(message, show) {
  const loaded = Object.entries(message.sounds).map(([key, address]) => {
    return [key, show.sound(address, { volume: message.volumes[key], loop: key === "loop" })];
  });
  return Object.fromEntries(loaded);
}

// "Ann spins", "Ann wins 50 points!", and without a name "50 points!".
function say(words, user, does, prize = "") {
  const who = user ? [name(user), ` ${does}${prize ? " " : ""}`] : [];
  const what = element("b", {});
  what.textContent = prize ? `${prize}!` : "";
  words.replaceChildren(...who, ...(prize ? [what] : []));
}

async function turn(disc, pointer, slice, message, show) {
  // Stop anywhere in the slice but near its edges. The pointer is at the top, at 0 degrees.
  const rest = slice.from + (0.15 + 0.7 * Math.random()) * (slice.to - slice.from);
  const degrees = 360 * Math.max(3, Math.round(message.seconds)) - rest;
  const spin = animate(disc, [{ transform: "rotate(0deg)" }, { transform: `rotate(${degrees}deg)` }], {
    duration: message.seconds * 1000, easing: EASING, fill: "forwards",
  });
  if (show.elapsed > 0) {
    spin.currentTime = Math.min(show.elapsed, message.seconds) * 1000;
  }
  if (spin.playState === "finished") {
    await show.pause((message.seconds - show.elapsed) * 1000); // less motion: it has stopped already
    return;
  }
  tick(spin, pointer, slice.edges, degrees, show);
  // By the clock as well: an animation that nothing shows may not come to its end.
  await Promise.race([spin.finished, show.pause((message.seconds - show.elapsed) * 1000 + 250)]);
  await show.notOver();
}

// The pointer is flicked by each edge that passes it.
function tick(spin, pointer, edges, degrees, show) {
  let passed = 0;
  function look() {
    const progress = spin.effect.getComputedTiming().progress;
    if (show.over || progress === null || progress >= 1) {
      return;
    }
    const turned = progress * degrees;
    const now = Math.floor(turned / 360) * edges.length + edges.filter((edge) => 360 - edge <= turned % 360).length;
    if (now > passed && pointer.getAnimations().length === 0) {
      pointer.animate([{ transform: "rotate(0deg)" }, { transform: "rotate(-24deg)" }, { transform: "rotate(0deg)" }], {
        duration: 130, easing: "ease-out",
      });
    }
    passed = Math.max(passed, now);
    requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
}

// Draw the slices. Return where the prize's slice is, and where all slices begin, in degrees.
function draw(disc, slices, prize) {
  const total = slices.reduce((sum, one) => sum + one.weight, 0);
  const picture = svg("svg", { viewBox: "-104 -104 208 208" });
  const edges = [];
  let angle = 0;
  let found = null;
  slices.forEach((one, place) => {
    const from = angle;
    angle += (360 * one.weight) / total;
    edges.push(from);
    picture.append(...drawSlice(one, from, angle, place === prize));
    if (place === prize) {
      found = { from, to: angle, edges };
    }
  });
  picture.append(
    svg("circle", { class: "rim", r: 100 }),
    ...edges.map((edge) => svg("circle", { class: "peg", ...centre(edge, 100), r: 2.2 })),
    svg("circle", { class: "hub", r: 13 }),
    svg("circle", { class: "hub-inner", r: 5 }),
  );
  disc.replaceChildren(picture);
  return found;
}

function drawSlice(one, from, to, isPrize) {
  const kind = `slice${isPrize ? " prize" : ""}`;
  const isWhole = to - from >= 359.99;
  const large = to - from > 180 ? 1 : 0;
  const shape = isWhole
    ? svg("circle", { class: kind, r: 100, fill: one.colour })
    : svg("path", {
        class: kind, fill: one.colour, d: `M 0 0 L ${point(from, 100)} A 100 100 0 ${large} 1 ${point(to, 100)} Z`,
      });
  const label = svg("text", {
    class: kind, transform: `rotate(${(from + to) / 2 - 90}) translate(93 0)`, "text-anchor": "end",
    "dominant-baseline": "central", "font-size": Math.max(3.8, Math.min(10, (to - from) * 0.9)),
  });
  const letters = [...one.name];
  label.textContent = letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME - 1).join("")}…` : one.name;
  return [shape, label];
}

// A long name gets smaller letters: else it would run through the hub, into the slice across.
function fitNames(disc) {
  for (const label of disc.querySelectorAll("text")) {
    const length = label.getComputedTextLength();
    if (length > NAME_SPACE) {
      label.setAttribute("font-size", ((label.getAttribute("font-size") * NAME_SPACE) / length).toFixed(2));
    }
  }
}

function point(angle, radius) {
  const { cx, cy } = centre(angle, radius);
  return `${cx} ${cy}`;
}

function centre(angle, radius) {
  const radians = ((angle - 90) * Math.PI) / 180;
  return { cx: (radius * Math.cos(radians)).toFixed(3), cy: (radius * Math.sin(radians)).toFixed(3) };
}
