// What the voice says: who says it, the words, which light up as they are spoken, and how loud the voice is.

import { element, reducedMotion, withName } from "../dom.js";
import { levelAt, measure } from "../levels.js";

const SETTLE_MS = 2000; // some browsers load their voices late
const LOWEST = 0.15; // of a bar, at silence
// Seconds by which each bar lags: a syllable runs from the middle outwards.
const LAGS = [0.08, 0, 0.04, 0.12];

export function mount(root) {
  root.hidden = true;
  const head = element("span", { class: "head" });
  const bars = element("span", { class: "bars", "aria-hidden": "true" }, ...LAGS.map(() => element("i")));
  const words = element("span", { class: "words", dir: "auto" });
  root.append(element("p", { class: "panel", role: "status" }, head, " ", words, bars));

  function reveal(message, late, show, meter) {
    const { seconds } = message;
    const prefix = message.prefix || "";
    head.replaceChildren(...withName(prefix, message.user || ""));
    head.hidden = prefix === "";
    const text = message.text.startsWith(prefix) ? message.text.slice(prefix.length).trim() : message.text;
    words.replaceChildren(...spoken(text, seconds, late));
    // A voice of the browser's own can't be measured: its bars move by themselves. A text that nobody says has none.
    bars.hidden = !meter && !message.said;
    bars.classList.toggle("unmeasured", !meter);
    [...bars.children].forEach((bar) => bar.style.removeProperty("transform"));
    root.hidden = false;
    meter?.(bars, show);
    show.tidy(() => {
      root.hidden = true;
    });
  }

  return { play: (message, show) => speak(message, show, reveal) };
}

async function speak(message, show, reveal) {
  const speech = message.speech ? show.sound(message.speech, { volume: message.volume }) : null;
  const lead = message.pre_sound && show.elapsed === 0 ? show.sound(message.pre_sound) : null;
  const meter = speech && meterOf(speech);
  if (speech) {
    await speech.ready(); // if the speech is missing, fail before the sound before it is heard
  }
  const voice = message.said ? await ownVoice(message, show) : null;
  // Who comes late joins in the middle: what came before the speech is over.
  const late = show.elapsed > 0 ? Math.max(0, show.elapsed - (message.length - message.seconds)) : 0;
  await (lead || speech)?.play(lead ? 0 : late);
  show.begin();
  if (lead) {
    await Promise.all([lead.ended(), show.pause(message.pre_delay_ms)]);
  }
  await show.notOver();
  reveal(message, late, show, meter);
  if (speech) {
    if (lead) {
      await speech.play();
    }
    await speech.ended();
  } else if (voice) {
    await utter(voice, show);
  } else {
    await show.pause((message.seconds - late) * 1000);
  }
}

// Begin to measure the speech; return what shows its level on the bars for as long as the show lasts.
function meterOf(speech) {
  let levels = [];
  measure(speech.address).then(
    (measured) => { levels = measured; },
    (error) => console.warn(`no level of the speech: ${error.message}`),
  );
  return (bars, show) => {
    function draw() {
      if (!show.over) {
        [...bars.children].forEach((bar, place) => {
          const level = reducedMotion.matches ? 0 : levelAt(levels, speech.seconds - LAGS[place]);
          bar.style.transform = `scaleY(${(LOWEST + (1 - LOWEST) * level).toFixed(3)})`;
        });
        requestAnimationFrame(draw);
      }
    }
    draw();
  };
}

// The words, each lit at the moment at which it is spoken, as far as that can be told from the letters before it.
function spoken(text, seconds, late) {
  const parts = text.split(/(\s+)/);
  let letters = 0;
  return parts.map((part) => {
    const word = element("span", { class: /\S/.test(part) ? "word" : "space" });
    word.textContent = part;
    word.style.animationDelay = `${((letters / Math.max(1, text.length)) * seconds - late).toFixed(2)}s`;
    letters += part.length;
    return word;
  });
}

async function ownVoice(message, show) {
  if (!("speechSynthesis" in window)) {
    throw new Error("this browser has no voices");
  }
  if (speechSynthesis.getVoices().length === 0) {
    const loaded = new Promise((resolve) => (speechSynthesis.onvoiceschanged = resolve));
    await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, SETTLE_MS))]);
  }
  const voices = speechSynthesis.getVoices();
  if (voices.length === 0) {
    throw new Error("this browser has no voices");
  }
  const utterance = new SpeechSynthesisUtterance(message.said);
  utterance.voice = voices.find((voice) => voice.name === message.voice || voice.lang === message.voice) || null;
  utterance.rate = message.rate / 170;
  utterance.volume = show.heard ? message.volume : 0;
  return utterance;
}

function utter(utterance, show) {
  show.tidy(() => speechSynthesis.cancel());
  return new Promise((resolve, reject) => {
    utterance.onend = resolve;
    utterance.onerror = (event) => (show.over ? resolve() : reject(new Error(`voice: ${event.error}`)));
    speechSynthesis.speak(utterance);
  });
}
