// The overlay: hears over a websocket what to show, shows it one at a time, and reports when each began and ended.
"use strict";

const base = document.body.dataset.base;
const caption = document.getElementById("caption");
const unmute = document.getElementById("unmute");
const alerts = document.getElementById("alerts");

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 2400; // with jitter 3 s: sooner than the bot gives up on an item that nobody begins
const REMEMBERED = 200;
const ALERT_MS = 6000;
const ALERTS_AT_ONCE = 3;
const ALERTS_WAITING = 20;
const ALERTED = new Set([
  "tipped", "wheel_spin_claimed", "followed", "subscribed", "resubscribed", "gifted_subscriptions", "stream_dropped_in",
]);

let socket = null;
let retryMs = FIRST_RETRY_MS;
let unsent = []; // reports made while the connection was away
let last = Promise.resolve(); // the show in progress, then the ones behind it
const known = new Map(); // "item/attempt" -> "queued" | "playing" | "started" | "finished" | "failed" | "stopped"
const alertsWaiting = [];
let stage = null; // of the show in progress: { item, key, sounds, over, stop }

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
  } else if (message.type === "events") {
    message.events.filter((happened) => alerts !== null && ALERTED.has(happened.kind)).forEach(alertSoon);
  } else if (message.type === "stop") {
    stop(message.item);
  } else if (message.type === "done") {
    // Another overlay played it to its end. What plays here may end, too; what has not begun need not begin.
    stop(message.item, { onlyIfNotBegun: true });
  } else if (message.type === "current") {
    keyedItems().filter((item) => !message.items.includes(item)).forEach((item) => stop(item, { onlyIfNotBegun: true }));
  }
}

// A message may come again, after this page reconnected: what was shown is not shown twice, only reported again.
function enqueue(message, show) {
  const key = `${message.item}/${message.attempt}`;
  const state = known.get(key);
  if (state === "started" || state === "finished") {
    tell(state, message);
  }
  if (state !== undefined) {
    return;
  }
  remember(key, "queued");
  last = last.then(() => run(message, key, show));
}

function tell(type, message, more = {}) {
  report({ type, item: message.item, attempt: message.attempt, ...more });
}

function remember(key, state) {
  known.set(key, state);
  if (known.size > REMEMBERED) {
    known.delete(known.keys().next().value);
  }
}

function keyedItems() {
  return [...new Set([...known.keys()].map((key) => Number(key.split("/")[0])))];
}

async function run(message, key, show) {
  if (known.get(key) === "stopped") {
    return;
  }
  known.set(key, "playing");
  const mine = { item: message.item, key, sounds: [], over: false };
  const stopped = new Promise((resolve) => {
    mine.stop = resolve;
  });
  stage = mine;
  try {
    await Promise.race([show(message, mine), stopped]);
    if (known.get(key) !== "stopped") {
      known.set(key, "finished");
      tell("finished", message);
    }
  } catch (error) {
    known.set(key, "failed");
    tell("failed", message, { reason: String(error.message || error) });
  } finally {
    mine.over = true;
    mine.sounds.forEach((sound) => sound.pause());
    caption.hidden = true;
    stage = null;
  }
}

function stop(item, { onlyIfNotBegun = false } = {}) {
  for (const [key, state] of known) {
    const waiting = state === "queued" || state === "playing";
    if (key.startsWith(`${item}/`) && (waiting || (state === "started" && !onlyIfNotBegun))) {
      known.set(key, "stopped");
      if (stage !== null && stage.key === key) {
        stage.stop();
      }
    }
  }
}

async function speak(message, mine) {
  const speech = load(`${base}speech/${message.item}.wav`, mine);
  const preSound = message.pre_sound ? load(`${base}pre-sound`, mine) : null;
  await loaded(speech); // a speech that can't be had is reported before anything is heard
  await begin(preSound || speech, mine);
  known.set(mine.key, "started");
  tell("started", message);
  if (preSound) {
    await Promise.all([ended(preSound), pause(message.pre_delay_ms)]);
    await begin(speech, mine);
  }
  caption.textContent = message.text;
  caption.hidden = false;
  await ended(speech);
}

function load(url, mine) {
  const sound = new Audio(url);
  sound.preload = "auto";
  mine.sounds.push(sound);
  return sound;
}

function loaded(sound) {
  return new Promise((resolve, reject) => {
    sound.oncanplaythrough = resolve;
    sound.onerror = () => reject(new Error(`${new URL(sound.src).pathname.replace(base, "")}: ${sound.error.message}`));
  });
}

// Browsers other than OBS's may refuse sound until the page was clicked: then wait for the click. If no other overlay
// played it, the bot gives the item up meanwhile; the click is for the next one then.
async function begin(sound, mine) {
  await notOver(mine);
  try {
    await sound.play();
    unmute.hidden = true; // whatever was asked for by it is there now
    await notOver(mine, sound);
  } catch (error) {
    if (error.name !== "NotAllowedError") {
      throw error;
    }
    console.warn("This browser lets the page play sound only after a click.");
    unmute.hidden = false;
    await new Promise((resolve) => unmute.addEventListener("click", resolve, { once: true }));
    unmute.hidden = true;
    await begin(sound, mine);
  }
}

// A show that was stopped, so that nobody waits for it any more, ends here for good.
async function notOver(mine, sound = null) {
  if (mine.over) {
    sound?.pause();
    await new Promise(() => {});
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

// What happened on the channel, for a few seconds in a corner. In a rush the oldest that wait are left out.
function alertSoon(happened) {
  alertsWaiting.push(happened.text || `${happened.username}: ${happened.kind}`);
  if (alertsWaiting.length > ALERTS_WAITING) {
    alertsWaiting.shift();
  }
  showAlerts();
}

function showAlerts() {
  while (alertsWaiting.length > 0 && alerts.childElementCount < ALERTS_AT_ONCE) {
    const line = document.createElement("li");
    line.textContent = alertsWaiting.shift();
    alerts.append(line);
    setTimeout(() => {
      line.remove();
      showAlerts();
    }, ALERT_MS);
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

connect();
