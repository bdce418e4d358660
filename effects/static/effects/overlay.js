// The overlay: receives over a websocket what to show, shows one thing at a time in each lane, and reports when each
// began and ended.
"use strict";

const base = document.body.dataset.base;
const caption = document.getElementById("caption");
const unmute = document.getElementById("unmute");
const alerts = document.getElementById("alerts");
const testMark = document.getElementById("test");

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 2400; // with jitter 3 s: sooner than the bot gives up on an item that nobody begins
const REMEMBERED = 200; // items, so that one that is sent again after a reconnect is not shown again
const ALERT_MS = 6000;
const ALERTS_AT_ONCE = 3;
const ALERTS_WAITING = 20;
const ALERTED = new Set([
  "tipped", "wheel_spin_claimed", "followed", "subscribed", "resubscribed", "gifted_subscriptions", "stream_dropped_in",
]);

let socket = null;
let retryMs = FIRST_RETRY_MS;
let tests = 0; // that play now
let unsent = []; // reports to send when the connection is back
const lanes = new Map(); // lane -> the promise of the last show in line there
const known = new Map(); // "item/attempt" -> "queued" | "playing" | "started" | "finished" | "failed" | "stopped"
const alertsWaiting = [];
const stages = new Map(); // key -> the show in progress: { item, key, sounds, over, stop, tidy }
const SHOWS = { speak, sound: playSound, alert: showAlert, wheel: turnWheel, confetti: (message, mine) => showConfetti(message, mine, { notOver, pause, started }), media: (message, mine) => showMedia(message, mine, { base, begin, notOver, pause, started }) };

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
    // Jitter: after a restart of the bot, its overlays must not all connect at the same moment.
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
  if (message.type in SHOWS) {
    enqueue(message, SHOWS[message.type]);
  } else if (message.type === "silence") {
    silence();
  } else if (message.type === "events") {
    message.events.filter((happened) => alerts !== null && ALERTED.has(happened.kind)).forEach(alertSoon);
  } else if (message.type === "stop") {
    stop(message.item);
  } else if (message.type === "done") {
    // Another overlay played it to its end. If it plays here, it may end here too; otherwise it does not begin.
    stop(message.item, { onlyIfNotBegun: true });
  } else if (message.type === "current") {
    keyedItems().filter((item) => !message.items.includes(item)).forEach((item) => stop(item, { onlyIfNotBegun: true }));
  }
}

// The bot repeats messages after this page reconnects: what was shown already is reported again, but not shown again.
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
  const before = lanes.get(message.lane) || Promise.resolve();
  lanes.set(message.lane, before.then(() => run(message, key, show)));
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
  const mine = { item: message.item, key, sounds: [], over: false, tidy: [] };
  const stopped = new Promise((resolve) => {
    mine.stop = resolve;
  });
  stages.set(key, mine);
  if (message.test) {
    markTest(mine);
  }
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
    mine.tidy.forEach((step) => step());
    stages.delete(key);
  }
}

// What staff only try is marked for as long as it plays, so that nobody takes it for real.
function markTest(mine) {
  tests += 1;
  testMark.hidden = false;
  mine.tidy.push(() => {
    tests -= 1;
    testMark.hidden = tests === 0;
  });
}

function stop(item, { onlyIfNotBegun = false } = {}) {
  for (const [key, state] of known) {
    const waiting = state === "queued" || state === "playing";
    if (key.startsWith(`${item}/`) && (waiting || (state === "started" && !onlyIfNotBegun))) {
      known.set(key, "stopped");
      stages.get(key)?.stop();
    }
  }
}

// Stop what plays, drop what waits, and clear the lines in the corner.
function silence() {
  keyedItems().forEach((item) => stop(item));
  alertsWaiting.length = 0;
  alerts?.replaceChildren();
}

function started(message, mine) {
  known.set(mine.key, "started");
  tell("started", message);
}

async function speak(message, mine) {
  const speech = message.speech ? load(`${base}${message.speech}`, mine) : null;
  const preSound = message.pre_sound ? load(`${base}${message.pre_sound}`, mine) : null;
  if (speech) {
    await loaded(speech); // if the speech is missing, fail before the pre-sound is heard
  }
  const voice = message.said ? await ownVoice(message) : null;
  const first = preSound || speech;
  if (first) {
    await begin(first, mine);
  }
  started(message, mine);
  if (preSound) {
    await Promise.all([ended(preSound), pause(message.pre_delay_ms)]);
  }
  mine.tidy.push(() => {
    caption.hidden = true;
  });
  await notOver(mine);
  caption.textContent = message.text;
  caption.hidden = false;
  if (speech) {
    if (preSound) {
      await begin(speech, mine);
    }
    await ended(speech);
  } else if (voice) {
    await utter(voice, mine);
  } else {
    await pause(message.seconds * 1000);
  }
}

// Some browsers load their voices late, and some have none: wait at most two seconds.
async function ownVoice(message) {
  if (!("speechSynthesis" in window)) {
    throw new Error("this browser has no voices");
  }
  if (speechSynthesis.getVoices().length === 0) {
    await Promise.race([new Promise((resolve) => (speechSynthesis.onvoiceschanged = resolve)), pause(2000)]);
  }
  const voices = speechSynthesis.getVoices();
  if (voices.length === 0) {
    throw new Error("this browser has no voices");
  }
  const utterance = new SpeechSynthesisUtterance(message.said);
  utterance.voice = voices.find((voice) => voice.name === message.voice || voice.lang === message.voice) || null;
  utterance.rate = message.rate / 170;
  utterance.volume = message.volume;
  return utterance;
}

function utter(utterance, mine) {
  mine.tidy.push(() => speechSynthesis.cancel());
  return new Promise((resolve, reject) => {
    utterance.onend = resolve;
    utterance.onerror = (event) => (mine.over ? resolve() : reject(new Error(`voice: ${event.error}`)));
    speechSynthesis.speak(utterance);
  });
}

async function playSound(message, mine) {
  const sound = load(`${base}${message.sound}`, mine);
  sound.volume = message.volume;
  await loaded(sound);
  await begin(sound, mine);
  started(message, mine);
  await ended(sound);
}

async function showAlert(message, mine) {
  const box = document.getElementById("alert");
  box.textContent = message.text;
  box.hidden = false;
  mine.tidy.push(() => {
    box.hidden = true;
  });
  started(message, mine);
  await pause(message.seconds * 1000);
}

// Turn the wheel: a slice is as wide as its prize's weight; the drawn prize stops under the pointer.
async function turnWheel(message, mine) {
  const stage = document.getElementById("wheel");
  const disc = stage.querySelector("svg");
  const slice = drawWheel(disc, message.slices, message.prize);
  const words = stage.querySelector("p");
  words.textContent = message.user ? `${message.user} spins` : "";
  stage.hidden = false;
  mine.tidy.push(() => {
    stage.hidden = true;
    disc.getAnimations().forEach((animation) => animation.cancel());
  });
  const heard = Object.fromEntries(
    Object.entries(message.sounds).map(([name, address]) => [name, load(`${base}${address}`, mine)]),
  );
  Object.entries(heard).forEach(([name, sound]) => {
    sound.volume = message.volumes[name];
  });
  started(message, mine);
  // Stop anywhere in the slice but near its edges. The pointer is at the top, at 0 degrees.
  const rest = slice.from + (0.15 + 0.7 * Math.random()) * (slice.to - slice.from);
  const turns = 360 * Math.max(3, Math.round(message.seconds)) - rest;
  const spin = disc.animate([{ rotate: "0deg" }, { rotate: `${turns}deg` }], {
    duration: message.seconds * 1000, easing: "cubic-bezier(0.1, 0.6, 0.1, 1)", fill: "forwards",
  });
  playQuietly(heard.start);
  if (heard.loop) {
    heard.loop.loop = true;
    playQuietly(heard.loop);
  }
  await spin.finished;
  await notOver(mine);
  heard.loop?.pause();
  playQuietly(heard.win);
  words.textContent = message.user ? `${message.user} wins ${message.prize_name}!` : `${message.prize_name}!`;
  await pause(message.hold * 1000);
}

// Play a sound of the wheel; if that fails, the wheel turns in silence.
function playQuietly(sound) {
  sound?.play().catch((error) => console.warn(`no sound for the wheel: ${error.message}`));
}

function drawWheel(disc, slices, prize) {
  const total = slices.reduce((sum, one) => sum + one.weight, 0);
  disc.replaceChildren();
  let angle = 0;
  let found = null;
  slices.forEach((one, place) => {
    const from = angle;
    angle += (360 * one.weight) / total;
    disc.append(...drawSlice(one, from, angle));
    if (place === prize) {
      found = { from, to: angle };
    }
  });
  return found;
}

function drawSlice(one, from, to) {
  const shape = svg(to - from >= 359.99 ? "circle" : "path", { fill: one.colour, stroke: "#0006", "stroke-width": 0.5 });
  if (to - from >= 359.99) {
    set(shape, { cx: 0, cy: 0, r: 100 });
  } else {
    const large = to - from > 180 ? 1 : 0;
    set(shape, { d: `M 0 0 L ${point(from, 100)} A 100 100 0 ${large} 1 ${point(to, 100)} Z` });
  }
  const middle = (from + to) / 2;
  const label = svg("text", { transform: `rotate(${middle - 90}) translate(94 0)`, "text-anchor": "end", "dominant-baseline": "central" });
  set(label, { "font-size": Math.max(3.5, Math.min(9, (to - from) * 0.9)) });
  label.textContent = one.name.length > 22 ? `${one.name.slice(0, 21)}…` : one.name;
  return [shape, label];
}

function point(angle, radius) {
  const radians = ((angle - 90) * Math.PI) / 180;
  return `${(radius * Math.cos(radians)).toFixed(3)} ${(radius * Math.sin(radians)).toFixed(3)}`;
}

function svg(name, attributes) {
  return set(document.createElementNS("http://www.w3.org/2000/svg", name), attributes);
}

function set(element, attributes) {
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  return element;
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

// Browsers other than OBS's may refuse sound until the page is clicked: then wait for the click. If that takes too long
// and no other overlay played the item, the bot gives it up, and the click helps the next one.
async function begin(sound, mine) {
  await notOver(mine);
  try {
    await sound.play();
    unmute.hidden = true; // sound is allowed now
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

// Never return once the show was stopped: the rest of its steps must not run.
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

// Show an event in the corner for a few seconds. When too many wait, the oldest are dropped.
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
