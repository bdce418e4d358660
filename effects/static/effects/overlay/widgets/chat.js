// The chat: names with badges, lines as text. What is deleted or muted vanishes.

import { element, icon, name } from "../dom.js";

const BADGES = { streamer: "crown", moderator: "star", subscriber: "heart" };
const COMMAND = "!";

export function mount(root, snapshot) {
  let { lines, seconds } = snapshot;
  const list = element("ul", { "aria-live": "polite" });
  root.append(list);
  snapshot.latest.forEach(add);

  function add({ uid, username, text, badges = [] }) {
    const line = element("li", { class: "panel" });
    const words = element("span", { class: "words", dir: "auto" });
    words.textContent = text;
    const who = element("span", { class: "who" }, ...badges.map((badge) => icon(BADGES[badge])), name(username));
    who.style.setProperty("--hue", hueOf(username));
    line.dataset.uid = uid;
    line.dataset.username = username.toLowerCase();
    line.append(who, " ", words);
    list.append(line);
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
      ({ lines, seconds } = data);
      list.replaceChildren();
      data.latest.forEach(add);
    },
    events(events) {
      events.forEach((event) => HANDLERS[event.kind]?.(event));
    },
  };
}

// The same colour for a name each time.
function hueOf(username) {
  const sum = [...username.toLowerCase()].reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) % 3600, 7);
  return (sum % 24) * 15;
}
