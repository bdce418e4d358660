// Loads pictures and videos of the streamer's, for the widgets that show them.

const LOAD_MS = 4500; // the bot gives up on what has not begun 6 s after it was told; until then words can be shown alone

// Return the element, once it can be shown, and its sound, where it is a video. Throws where it can't be shown.
export async function loadPicture({ media, video, volume = 0, loops = true }, show) {
  const made = document.createElement(video ? "video" : "img");
  const sound = video ? show.sound(media, { volume, loop: loops, silent: volume === 0, media: made }) : null;
  await new Promise((resolve, reject) => {
    const fail = () => reject(new Error("the picture or video could not be loaded"));
    made.addEventListener(video ? "canplay" : "load", resolve, { once: true });
    made.addEventListener("error", fail, { once: true });
    setTimeout(fail, LOAD_MS);
    made.src = show.address(media);
  });
  return { element: made, sound };
}
