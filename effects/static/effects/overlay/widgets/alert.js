// A line in large letters, for as many seconds as it says: in its design, at its place, with a picture and a sound.

import { ink, readable } from "../colours.js";
import { element, icon } from "../dom.js";
import { loadPicture } from "../pictures.js";

const DESIGNS = ["card", "banner", "words", "ribbon", "toast"];
const PLACES = ["centre", "top", "bottom", "top-left", "top-right", "bottom-left", "bottom-right"];
const USUAL = { banner: "bottom", toast: "top-right" };
const PANELS = ["card", "banner", "toast"]; // designs that have the theme's ground

export function mount(root) {
  root.hidden = true;
  return {
    async play(message, show) {
      const sound = message.sound ? show.sound(message.sound, { volume: message.volume }) : null;
      const left = message.seconds - show.elapsed;
      const frame = left > 0 ? await reveal(root, message, show) : null;
      if (sound && show.elapsed < message.sound_seconds) {
        sound.playQuietly(show.elapsed);
      }
      show.begin();
      if (frame) {
        await stay(frame, left, show);
        frame.hidden = true;
      }
      if (sound) {
        await show.pause((message.sound_seconds - Math.max(message.seconds, show.elapsed)) * 1000);
      }
    },
  };
}

async function reveal(root, message, show) {
  const picture = await pictureOf(message, show);
  await show.notOver();
  const { box, frame } = build(message, picture?.element);
  root.append(box);
  root.hidden = false;
  show.tidy(() => {
    box.remove();
    root.hidden = root.childElementCount === 0;
  });
  colour(box, frame, message.accent);
  picture?.sound?.playQuietly();
  return frame;
}

// The picture or video; null where there is none, or it can't be loaded: the words are shown alone then.
async function pictureOf(message, show) {
  if (!message.media) {
    return null;
  }
  try {
    return await loadPicture({ media: message.media, video: message.video }, show);
  } catch (error) {
    console.warn(`${error.message}: the alert is shown without`);
    return null;
  }
}

function build(message, picture) {
  const design = DESIGNS.includes(message.design) ? message.design : "card";
  const place = PLACES.includes(message.place) ? message.place : USUAL[design] || "centre";
  const layout = picture ? message.layout || "above" : "plain";
  const lines = element("div", { class: "lines" }, line("words", message.parts || [message.text]));
  if (message.detail) {
    lines.append(line("detail", message.detail_parts || [message.detail]));
  }
  picture?.classList.add("picture");
  const badge = design === "toast" && !picture ? element("span", { class: "badge" }, icon("star")) : null;
  const panel = PANELS.includes(design) ? " panel" : "";
  const frame = element("div", { class: `frame${panel}` }, ...[picture, badge, lines].filter(Boolean));
  return { box: element("div", { class: `alert ${design} ${place} ${layout}`, role: "status" }, frame), frame };
}

// A line of text, of which every second part stands out.
function line(kind, parts) {
  const made = element("p", { class: kind, dir: "auto" });
  parts.forEach((part, place) => {
    const words = place % 2 ? element("bdi", { class: "accent" }) : document.createTextNode("");
    words.textContent = part;
    made.append(words);
  });
  return made;
}

// Use a colour of the streamer's in place of the theme's accent, so that everything can still be read.
function colour(box, frame, accent) {
  if (!/^#[0-9a-f]{6}$/i.test(accent || "")) {
    return;
  }
  const style = getComputedStyle(box);
  const panel = box.classList.contains("behind") ? box.querySelector(".lines") : frame;
  const ground = box.classList.contains("words") ? style.getPropertyValue("--ground").trim() : getComputedStyle(panel).backgroundColor;
  box.style.setProperty("--accent", accent);
  box.style.setProperty("--on-accent", ink(accent));
  box.style.setProperty("--accent-text", readable(accent, ground) || "inherit");
}

// Wait for the alert's time. At its end the theme's entrance is played backwards.
async function stay(frame, seconds, show) {
  const [entrance] = frame.getAnimations();
  const speed = Number(entrance?.effect.getTiming().duration) || 0;
  await show.pause(seconds * 1000 - speed);
  entrance?.reverse();
  await show.pause(speed);
}
