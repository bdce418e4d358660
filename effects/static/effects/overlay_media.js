// Shows a picture or video of the streamer's on the overlay. `tools` are the overlay's own: where its addresses begin,
// how a sound begins, a wait that ends with the show, a pause, and the report that it has begun.
"use strict";

const LOAD_MS = 8000; // the bot gives up on what has not begun a while after it was told
const LATE_MS = 3000; // a video may end later than its length says; the bot waits a little longer than this

async function showMedia(message, mine, tools) {
  const box = document.createElement("figure");
  box.className = `media ${message.place}`;
  const words = document.createElement("figcaption");
  words.textContent = message.text;
  words.hidden = message.text === "";
  mine.tidy.push(() => box.remove());
  const shown = await loadedMedia(message, mine, tools);
  if (shown !== null) {
    box.append(shown);
  }
  box.append(words);
  await tools.notOver(mine);
  document.body.append(box);
  if (shown instanceof HTMLVideoElement) {
    await playMedia(shown, message, mine, tools);
  } else {
    tools.started(message, mine);
    await tools.pause(message.seconds * 1000);
  }
}

// Return the element, once it can be shown. Null where it can't: then the text is shown alone; without a text, it throws.
async function loadedMedia(message, mine, tools) {
  if (message.media === "") {
    return null;
  }
  const element = document.createElement(message.video ? "video" : "img");
  if (message.video) {
    element.preload = "auto";
    element.muted = message.volume === 0;
    element.volume = message.volume;
    element.loop = message.loops;
    mine.sounds.push(element);
  }
  try {
    await new Promise((resolve, reject) => {
      const fail = () => reject(new Error("the picture or video could not be loaded"));
      element.addEventListener(message.video ? "canplay" : "load", resolve, { once: true });
      element.addEventListener("error", fail, { once: true });
      setTimeout(fail, LOAD_MS);
      element.src = `${tools.base}${message.media}`;
    });
    return element;
  } catch (error) {
    if (message.text === "") {
      throw error;
    }
    console.warn(`${error.message}: its text is shown alone`);
    return null;
  }
}

// Play the video to its end, or again and again for the seconds that were asked for.
async function playMedia(video, message, mine, tools) {
  const ends = new Promise((resolve) => {
    video.addEventListener("ended", resolve, { once: true });
    video.addEventListener("error", resolve, { once: true }); // in its middle: what was seen, was seen
  });
  if (video.muted) {
    await video.play();
  } else {
    await tools.begin(video, mine);
  }
  tools.started(message, mine);
  await Promise.race([ends, tools.pause(message.seconds * 1000 + (message.loops ? 0 : LATE_MS))]);
}
