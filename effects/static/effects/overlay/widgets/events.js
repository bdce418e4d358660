// Lines in the corner about what happens on the channel, but what a reaction shows as an alert. When too many wait, the
// oldest are left out.

import { element, icon, withName } from "../dom.js";

const MOST_WAITING = 20;
const ICONS = {
  tipped: "tip", wheel_spin_claimed: "wheel", followed: "heart", subscribed: "star", resubscribed: "star",
  gifted_subscriptions: "gift", stream_dropped_in: "raid",
};

export function mount(root, snapshot) {
  let { lines, seconds } = snapshot;
  const list = element("ul", { "aria-live": "polite" });
  const waiting = [];
  root.append(list);

  function showNext() {
    while (waiting.length > 0 && list.childElementCount < lines) {
      const line = lineOf(waiting.shift());
      list.append(line);
      setTimeout(() => {
        line.remove();
        showNext();
      }, seconds * 1000);
    }
  }

  return {
    waiting,
    update(data) {
      ({ lines, seconds } = data);
    },
    events(events) {
      events.filter(({ kind, alerted }) => kind in ICONS && !alerted).forEach((event) => {
        waiting.push(event);
        if (waiting.length > MOST_WAITING) {
          waiting.shift();
        }
        showNext();
      });
    },
    silence() {
      waiting.length = 0;
      list.replaceChildren();
    },
  };
}

function lineOf({ kind, username, text }) {
  const words = element("span", { class: "words", dir: "auto" });
  words.append(...withName(text || `${username}: ${kind}`, username));
  return element("li", { class: `panel ${kind}` }, element("span", { class: "badge" }, icon(ICONS[kind])), words);
}
