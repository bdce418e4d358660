// A page that the dashboard shows in a frame: it puts widgets where the editor has them, and shows examples.

const SECONDS = 10;
const SLICES = [
  { name: "50 points", weight: 3, colour: "#26a69a" },
  { name: "A fanfare", weight: 2, colour: "#ffa726" },
  { name: "Another spin", weight: 1, colour: "#ec407a" },
];
const WORDS = "good evening everybody, this is how a line looks while it is spoken";
// What the queue would play. Nothing of it goes to the bot or to another page.
const PLAYS = [
  { show: "alert", text: "An alert looks like this.", seconds: SECONDS },
  { show: "speak", text: `Ann said: ${WORDS}`, user: "Ann", prefix: "Ann said:", seconds: SECONDS },
  { show: "wheel", slices: SLICES, prize: 1, prize_name: "A fanfare", user: "Bob", seconds: 3, hold: SECONDS - 3, sounds: {}, volumes: {} },
];
const EVENTS = [
  { kind: "tipped", username: "Cat", text: "Cat tipped 250 tokens" },
  { kind: "followed", username: "Dan", text: "Dan is now following" },
  { kind: "new_message", uid: "example", username: "Ann", text: "hello everybody", badges: ["subscriber"] },
];

export function followEditor(stage, receive) {
  let examples = 0;

  function showExamples() {
    PLAYS.forEach((play) => {
      examples += 1;
      // Below zero: the bot's items have other numbers.
      receive({ type: "play", item: -examples, attempt: 1, lane: play.show, ...play });
    });
    receive({ type: "events", events: EVENTS });
  }

  let drafted = Promise.resolve(); // one after the other: each loads scripts

  const HANDLERS = {
    draft({ widgets }) {
      drafted = drafted.then(() => stage.draft(widgets)).catch((error) => console.error(`draft: ${error.message}`));
    },
    place({ theme, widgets }) {
      document.documentElement.dataset.theme = theme;
      stage.move(widgets);
    },
    examples: showExamples,
  };

  window.addEventListener("message", (event) => {
    if (event.origin === location.origin && event.source === window.parent) {
      HANDLERS[event.data?.type]?.(event.data);
    }
  });
}
