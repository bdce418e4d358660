// A picture or video of the streamer's, with words or without.

import { element } from "../dom.js";

const LOAD_MS = 8000; // the bot gives up on what has not begun a while after it was told
const LATE_MS = 3000; // a video may end later than its length says; the bot waits a little longer than this

export function mount(root) {
  root.hidden = true;
  return {
    async play(message, show) {
      const words = element("figcaption", { class: "panel", dir: "auto", hidden: message.text === "" });
      words.textContent = message.text;
      const box = element("figure", { class: `media ${message.place}` });
      const loaded = await load(message, show);
      await show.notOver();
      box.append(...[loaded?.element, words].filter(Boolean));
      root.append(box);
      root.hidden = false;
      show.tidy(() => {
        box.remove();
        root.hidden = root.childElementCount === 0;
      });
      if (loaded?.sound) {
        await playVideo(loaded, message, show);
      } else {
        show.begin();
        await show.pause((message.seconds - show.elapsed) * 1000);
      }
    },
  };
}

// Return the element, once it can be shown, and its sound, where it is a video. Null where it can't be shown: then the
// text is shown alone; without a text, it throws.
async function load(message, show) {
  if (message.media === "") {
    return null;
  }
  const made = document.createElement(message.video ? "video" : "img");
  const silent = message.volume === 0;
  const options = { volume: message.volume, loop: message.loops, silent, media: made };
  const sound = message.video ? show.sound(message.media, options) : null;
  try {
    await new Promise((resolve, reject) => {
      const fail = () => reject(new Error("the picture or video could not be loaded"));
      made.addEventListener(message.video ? "canplay" : "load", resolve, { once: true });
      made.addEventListener("error", fail, { once: true });
      setTimeout(fail, LOAD_MS);
      made.src = show.address(message.media);
    });
    return { element: made, sound };
  } catch (error) {
    if (message.text === "") {
      throw error;
    }
    console.warn(`${error.message}: its text is shown alone`);
    return null;
  }
}

// Play the video to its end, or again and again for the seconds that were asked for.
async function playVideo({ element: video, sound }, message, show) {
  const ends = new Promise((resolve) => {
    video.addEventListener("ended", resolve, { once: true });
    video.addEventListener("error", resolve, { once: true }); // in its middle: what was seen, was seen
  });
  await sound.play(message.loops ? 0 : show.elapsed);
  show.begin();
  const left = message.seconds - show.elapsed;
  await Promise.race([ends, show.pause(left * 1000 + (message.loops ? 0 : LATE_MS))]);
}
