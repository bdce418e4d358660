// A picture or video of the streamer's, with words or without.

import { element } from "../dom.js";
import { loadPicture } from "../pictures.js";

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

// Return the picture or video. Null where it can't be shown: then the text is shown alone; without a text, it throws.
async function load(message, show) {
  if (message.media === "") {
    return null;
  }
  try {
    return await loadPicture(message, show);
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
