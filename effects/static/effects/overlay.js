// The overlay: hears over a websocket what to show, shows it one at a time, and reports when each began and ended.
"use strict";

const base = document.body.dataset.base;
const caption = document.getElementById("caption");
const unmute = document.getElementById("unmute");

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15000;
const REMEMBERED = 200;

let socket = null;
let retryMs = FIRST_RETRY_MS;
let unsent = []; // reports made while the connection was away
let last = Promise.resolve(); // the show in progress, then the ones behind it
const known = new Map(); // "item/attempt" -> "queued" | "playing" | "finished" | "failed" | "stopped"
let playing = null; // { key, stop }

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}${base}socket/`);
  socket.onopen = () => {
    retryMs = FIRST_RETRY_MS;
    const reports = unsent;
    unsent = [];
    reports.forEach(report);
  };
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = () => {
    // Jitter, so that several overlays of one bot do not all knock at the same moment.
    setTimeout(connect, retryMs * (0.75 + Math.random() / 2));
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  };
}

function report(message) {
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify(message));
  } else {
    unsent.push(message);
  }
}

function receive(message) {
  if (message.type === "speak") {
    enqueue(message, speak);
  } else if (message.type === "stop") {
    stop(message.item);
  }
}

// A message may come again, after this page reconnected: what was shown is not shown twice, only reported again.
function enqueue(message, show) {
  const key = `${message.item}/${message.attempt}`;
  const state = known.get(key);
  if (state === "finished") {
    report({ type: "finished", item: message.item });
  }
  if (state !== undefined) {
    return;
  }
  remember(key, "queued");
  last = last.then(() => run(message, key, show));
}

function remember(key, state) {
  known.set(key, state);
  if (known.size > REMEMBERED) {
    known.delete(known.keys().next().value);
  }
}

async function run(message, key, show) {
  if (known.get(key) === "stopped") {
    return;
  }
  known.set(key, "playing");
  const stopped = new Promise((resolve) => {
    playing = { item: message.item, key, stop: resolve };
  });
  const stage = { sounds: [], over: false };
  try {
    await Promise.race([show(message, stage), stopped]);
    if (known.get(key) === "playing") {
      known.set(key, "finished");
      report({ type: "finished", item: message.item });
    }
  } catch (error) {
    known.set(key, "failed");
    report({ type: "failed", item: message.item, reason: String(error.message || error) });
  } finally {
    stage.over = true;
    stage.sounds.forEach((sound) => sound.pause());
    caption.hidden = true;
    playing = null;
  }
}

function stop(item) {
  for (const [key, state] of known) {
    if (key.startsWith(`${item}/`) && (state === "queued" || state === "playing")) {
      known.set(key, "stopped");
    }
  }
  if (playing !== null && playing.item === item) {
    playing.stop();
  }
}

async function speak(message, stage) {
  const speech = load(`${base}speech/${message.item}.wav`, stage);
  if (message.pre_sound) {
    const preSound = load(`${base}pre-sound`, stage);
    await begin(preSound, stage);
    report({ type: "started", item: message.item });
    await Promise.all([ended(preSound), pause(message.pre_delay_ms)]);
    await begin(speech, stage);
  } else {
    await begin(speech, stage);
    report({ type: "started", item: message.item });
  }
  caption.textContent = message.text;
  caption.hidden = false;
  await ended(speech);
}

function load(url, stage) {
  const sound = new Audio(url);
  sound.preload = "auto";
  stage.sounds.push(sound);
  return sound;
}

// Browsers other than OBS's may refuse sound until the page was clicked: then wait for the click. If no other overlay
// played it, the bot gives the item up meanwhile; the click is for the next one then.
async function begin(sound, stage) {
  try {
    await sound.play();
  } catch (error) {
    if (error.name !== "NotAllowedError") {
      throw new Error(`${new URL(sound.src).pathname.replace(base, "")}: ${error.message}`);
    }
    console.warn("This browser lets the page play sound only after a click.");
    unmute.hidden = false;
    await new Promise((resolve) => unmute.addEventListener("click", resolve, { once: true }));
    unmute.hidden = true;
    if (stage.over) {
      await new Promise(() => {}); // nobody waits for this show any more: it ends here
    }
    await sound.play();
  }
}

function ended(sound) {
  return new Promise((resolve, reject) => {
    if (sound.ended) {
      resolve();
    }
    sound.onended = resolve;
    sound.onerror = () => reject(new Error(sound.error ? sound.error.message : "sound error"));
  });
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

connect();
