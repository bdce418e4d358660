// The overlay's page: connects to the bot, and does what its messages say. docs/overlay-protocol.md describes them.

import { Connection } from "./connection.js";
import { Player } from "./player.js";
import { followEditor } from "./preview.js";
import { Sounds } from "./sounds.js";
import { Stage } from "./stage.js";

const { base, widget, picturesFrom } = document.body.dataset;
// The hosts from which the page's policy lets pictures be loaded: others need another page.
const hosts = picturesFrom ? picturesFrom.split(" ") : [];
const RELOAD_MS = 500; // what plays meanwhile is joined in the middle
const mark = document.getElementById("test");
const isPreview = new URLSearchParams(location.search).get("preview") === "1";

function address() {
  const query = new URLSearchParams();
  if (widget) {
    query.set("widget", widget);
  }
  if (window.obsstudio) {
    query.set("obs", "1");
  }
  if (isPreview) {
    query.set("preview", "1");
  }
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}${base}socket/?${query}`;
}

// A sound of the queue that nothing is shown with: any page plays it.
const plainSound = {
  async play(message, show) {
    const sound = show.sound(message.sound, { volume: message.volume });
    await sound.ready();
    await sound.play(show.elapsed);
    show.begin();
    await sound.ended();
  },
};

const stage = new Stage(document.getElementById("stage"));
const sounds = new Sounds(base, document.getElementById("unmute"), (allowed) => {
  connection.report({ type: "sound", allowed });
});
const player = new Player({
  report: (message) => connection.report(message),
  players: (show) => (show === "sound" ? [plainSound] : stage.players(show)),
  sounds,
  mark: (isTest) => {
    mark.hidden = !isTest;
  },
});

const HANDLERS = {
  hello: async (message) => {
    if ((message.pictures_from ?? hosts).join(" ") !== hosts.join(" ")) {
      setTimeout(() => location.reload(), RELOAD_MS);
    }
    sounds.lead(message.leader);
    player.keep(message.playing);
    await stage.arrange(message);
  },
  leader: (message) => sounds.lead(message.leader),
  play: (message) => player.enqueue(message),
  stop: (message) => player.stop(message.item),
  // Another page played it to its end. If it plays here, it may end here too; otherwise it does not begin.
  done: (message) => player.stop(message.item, { onlyIfNotBegun: true }),
  silence: () => {
    player.silence();
    stage.silence();
  },
  update: (message) => stage.update(message.widget, message.data),
  events: (message) => stage.events(message.events),
};

// In their order, also while the first message loads the widgets' scripts. What is not known is of a newer bot.
let handled = Promise.resolve();

function receive(message) {
  handled = handled
    .then(() => HANDLERS[message.type]?.(message))
    .catch((error) => console.error(`${message.type}: ${error.message}`));
  return handled;
}

const connection = new Connection(address(), receive);
connection.connect();
if (isPreview) {
  followEditor(stage, receive);
}

// For the browser's console.
window.overlay = { connection, player, receive, sounds, stage };
