// The page for dropping files: shows what was chosen, decodes videos before they are sent, and leaves out what this
// browser can't show. Without this script the page is a form with two fields for files.
"use strict";

const form = document.getElementById("upload");
const drop = document.getElementById("drop");
const files = document.getElementById("id_files");
const folder = document.getElementById("id_folder");
const list = document.getElementById("chosen");
const limits = { mb: Number(form.dataset.maxMb), side: Number(form.dataset.maxSide), seconds: Number(form.dataset.maxSeconds) };
const DECODE_MS = 15000;
const MOST_FILES = 100;
const MB = 2 ** 20;

let chosen = []; // { file, row, checked: a promise of what was found out, refused }

form.querySelector(".drop-here").hidden = false;
for (const input of [files, folder]) {
  input.addEventListener("change", () => {
    [...input.files].forEach(add);
    input.value = "";
  });
}
for (const event of ["dragenter", "dragover"]) {
  document.addEventListener(event, (dragged) => {
    dragged.preventDefault(); // or the browser opens what is dropped
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (dragged) => drop.classList.toggle("over", dragged.relatedTarget !== null));
document.addEventListener("drop", async (dropped) => {
  dropped.preventDefault();
  drop.classList.remove("over");
  // The list is emptied when this function first waits.
  const entries = [...dropped.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const loose = [...dropped.dataTransfer.files];
  if (entries.length === 0) {
    loose.forEach(add);
  }
  for (const entry of entries) {
    (await filesOf(entry)).forEach(add);
  }
});

// Return the files of what was dropped: one, or those of a folder and of the folders in it.
async function filesOf(entry) {
  if (entry.isFile) {
    return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) {
      break;
    }
    found.push(...some);
  }
  return (await Promise.all(found.map(filesOf))).flat();
}

function add(file) {
  if (file.name.startsWith(".")) {
    return; // what systems put into folders
  }
  const row = make("li", {});
  const name = make("span", { className: "name" });
  name.append(make("bdi", { textContent: file.name }));
  const sentence = make("span", { className: "sentence" });
  const remove = make("button", { type: "button", className: "button", textContent: "Remove", ariaLabel: `Remove ${file.name}` });
  const one = { file, row, refused: "" };
  remove.onclick = () => {
    chosen = chosen.filter((other) => other !== one);
    row.remove();
    URL.revokeObjectURL(one.url);
  };
  row.append(name, sentence, remove);
  list.append(row);
  chosen.push(one);
  one.checked = check(one).then(
    (report) => {
      one.report = report;
      sentence.textContent = report ? `${report.width} × ${report.height} pixels, ${report.seconds.toFixed(1)} s.` : size(file);
    },
    (error) => {
      one.refused = error.message;
      row.classList.add("refused");
      sentence.textContent = `It will not be sent. ${error.message}`;
    },
  );
}

function size(file) {
  return file.size < MB ? `${Math.ceil(file.size / 1024)} KB.` : `${(file.size / MB).toFixed(1)} MB.`;
}

// Show the file beside its name. Of a video, return what decoding it found out; throw an Error with a sentence for one
// that can't be kept.
async function check(one) {
  const { file, row } = one;
  if (file.size === 0) {
    throw new Error("It is empty.");
  }
  if (file.size > limits.mb * MB) {
    throw new Error(`It has ${(file.size / MB).toFixed(1)} MB; at most ${limits.mb} are allowed.`);
  }
  if (!/^(image|video|audio)\//.test(file.type) || file.type === "image/svg+xml") {
    return null; // the bot finds out what it is
  }
  one.url = URL.createObjectURL(file);
  if (file.type.startsWith("image/")) {
    row.prepend(make("img", { className: "preview", src: one.url, alt: "" }));
    return null;
  }
  const player = make(file.type.startsWith("video/") ? "video" : "audio", { controls: true, preload: "auto" });
  player.title = file.name;
  if (player instanceof HTMLAudioElement) {
    player.src = one.url;
    row.prepend(player);
    return null;
  }
  player.className = "preview";
  row.prepend(player);
  return decode(player, one.url);
}

async function decode(video, url) {
  const first = happens(video, "loadeddata"); // its first frame is there
  video.src = url;
  await first;
  if (video.duration === Infinity) { // a recording whose length nobody wrote down: look for its end
    const end = happens(video, "durationchange");
    video.currentTime = 1e7;
    await end;
    video.currentTime = 0;
  }
  const report = { width: video.videoWidth, height: video.videoHeight, seconds: video.duration };
  if (!report.width || !report.height) {
    throw new Error("It holds no picture.");
  }
  if (Math.max(report.width, report.height) > limits.side) {
    throw new Error(`It is ${report.width} × ${report.height} pixels; at most ${limits.side} a side are allowed.`);
  }
  if (report.seconds > limits.seconds) {
    throw new Error(`It lasts ${report.seconds.toFixed(1)} s; at most ${limits.seconds} s are allowed.`);
  }
  return report;
}

function happens(video, event) {
  const cannot = "This browser can't decode it, so the overlay would not show it: save it as WebM, or as MP4 with H.264.";
  return new Promise((resolve, reject) => {
    video.addEventListener(event, resolve, { once: true });
    video.addEventListener("error", () => reject(new Error(cannot)), { once: true });
    setTimeout(() => reject(new Error(cannot)), DECODE_MS);
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  await Promise.all(chosen.map((one) => one.checked));
  const sent = chosen.filter((one) => !one.refused).slice(0, MOST_FILES);
  const carrier = new DataTransfer();
  sent.forEach((one) => carrier.items.add(one.file));
  files.files = carrier.files;
  form.elements.reports.value = JSON.stringify(sent.map((one) => one.report || null));
  form.submit();
});

// After *Back*, the button works again.
window.addEventListener("pageshow", () => {
  form.querySelector("[type=submit]").disabled = false;
});

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
