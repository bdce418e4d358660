// The chat: names with badges, lines as text, with the platform's pictures of emotes where they are switched on. What is
// deleted or muted vanishes.

import { readable } from "../colours.js";
import { element, icon, name } from "../dom.js";
import { withEmotes } from "../emotes.js";

const BADGES = { streamer: "crown", moderator: "star", subscriber: "heart" };
const COMMAND = "!";

export function mount(root, snapshot) {
  let { lines, seconds, emotes_from: host = "" } = snapshot;
  const list = element("ul", { "aria-live": "polite" });
  root.append(list);
  snapshot.latest.forEach(add);

  function add({ uid, username, text, badges = [], highlight = false, color = "", emotes = [] }) {
    const line = element("li", { class: highlight ? "panel highlight" : "panel" });
    const words = element("span", { class: "words", dir: "auto" }, ...withEmotes(text, emotes, host));
    const who = element("span", { class: "who" }, ...badges.map((badge) => icon(BADGES[badge])), name(username));
    who.style.setProperty("--hue", hueOf(username));
    line.dataset.uid = uid;
    line.dataset.username = username.toLowerCase();
    line.append(who, " ", words);
    list.append(line);
    colour(who, line, color);
    while (list.childElementCount > lines) {
      list.firstElementChild.remove();
    }
    if (seconds > 0) {
      setTimeout(() => line.remove(), seconds * 1000);
    }
  }

  function removeOf(username) {
    [...list.children].filter((line) => line.dataset.username === username).forEach((line) => line.remove());
  }

  const HANDLERS = {
    new_message(event) {
      if (!event.bot && !event.text.startsWith(COMMAND)) {
        add(event);
      }
    },
    message_deleted({ uid }) {
      [...list.children].find((line) => line.dataset.uid === uid)?.remove();
    },
    author_muted({ uid }) {
      const line = [...list.children].find((one) => one.dataset.uid === uid);
      if (line) {
        removeOf(line.dataset.username);
      }
    },
    user_muted({ username }) {
      removeOf(username.toLowerCase());
    },
  };

  return {
    update(data) {
      ({ lines, seconds, emotes_from: host = "" } = data);
      list.replaceChildren();
      data.latest.forEach(add);
    },
    events(events) {
      events.forEach((event) => HANDLERS[event.kind]?.(event));
    },
  };
}

// Use the colour that the viewer chose, as far as it can be read.
function colour(who, line, chosen) {
  const found = /^#[0-9a-f]{6}$/i.test(chosen) && readable(chosen, getComputedStyle(line).backgroundColor);
  if (found) {
    who.style.color = found;
  }
}

// The same colour for a name each time.
function hueOf(username) {
  const sum = [...username.toLowerCase()].reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) % 3600, 7);
  return (sum % 24) * 15;
}
