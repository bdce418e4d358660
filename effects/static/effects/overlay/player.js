// Plays the queue's messages: in each lane one after the other, each once, and reports what becomes of them.

const REMEMBERED = 200; // items, so that one that is sent again after a reconnect is not shown again
// Where a page comes late, and so little is left to play (in seconds), it shows nothing of it.
const TOO_LATE = 1.5;

export class Player {
  // `report(message)` sends to the bot. `players(show)` returns what plays such a message, each with a function
  // `play(message, show)`. `mark(boolean)` shows or hides the mark of a test.
  constructor({ report, players, sounds, mark }) {
    this.report = report;
    this.players = players;
    this.sounds = sounds;
    this.mark = mark;
    this.tests = 0; // that play now
    this.lanes = new Map(); // lane -> the promise of the last in line there
    this.known = new Map(); // "item/attempt" -> "queued" | "playing" | "started" | "finished" | "failed" | "stopped"
    this.running = new Map(); // "item/attempt" -> its shows
  }

  // The bot repeats messages after this page reconnects: what was shown is reported again, but not shown again.
  enqueue(message) {
    const key = `${message.item}/${message.attempt}`;
    const state = this.known.get(key);
    if (state === "started" || state === "finished") {
      this.tell(state, message);
    }
    if (state !== undefined || this.players(message.show).length === 0) {
      return; // it is known, or for other pages
    }
    const isOver = message.elapsed !== undefined && message.length - message.elapsed < TOO_LATE;
    this.remember(key, isOver ? "stopped" : "queued");
    if (isOver) {
      return;
    }
    this.tell("received", message);
    const before = this.lanes.get(message.lane) || Promise.resolve();
    this.lanes.set(message.lane, before.then(() => this.run(message, key)));
  }

  tell(type, message, more = {}) {
    this.report({ type, item: message.item, attempt: message.attempt, ...more });
  }

  remember(key, state) {
    this.known.set(key, state);
    if (this.known.size > REMEMBERED) {
      this.known.delete(this.known.keys().next().value);
    }
  }

  async run(message, key) {
    if (this.known.get(key) === "stopped") {
      return;
    }
    this.known.set(key, "playing");
    const began = () => {
      if (this.known.get(key) === "playing") {
        this.known.set(key, "started");
        this.tell("started", message);
      }
    };
    const players = this.players(message.show);
    // The first is heard; a second widget of the kind only shows it.
    const shows = players.map((_, place) => new Show(this.sounds, message, began, place > 0));
    const stopped = new Promise((resolve) => this.running.set(key, { stop: resolve }));
    this.markTest(message, 1);
    try {
      await Promise.race([Promise.all(players.map((player, place) => player.play(message, shows[place]))), stopped]);
      if (this.known.get(key) !== "stopped") {
        this.known.set(key, "finished");
        this.tell("finished", message);
      }
    } catch (error) {
      this.known.set(key, "failed");
      this.tell("failed", message, { reason: String(error.message || error) });
    } finally {
      shows.forEach((show) => show.end());
      this.markTest(message, -1);
      this.running.delete(key);
    }
  }

  // What staff only try is marked for as long as it plays, so that nobody takes it for real.
  markTest(message, change) {
    if (message.test) {
      this.tests += change;
      this.mark(this.tests > 0);
    }
  }

  items() {
    return [...new Set([...this.known.keys()].map((key) => Number(key.split("/")[0])))];
  }

  stop(item, { onlyIfNotBegun = false } = {}) {
    for (const [key, state] of this.known) {
      const waiting = state === "queued" || state === "playing";
      if (key.startsWith(`${item}/`) && (waiting || (state === "started" && !onlyIfNotBegun))) {
        this.known.set(key, "stopped");
        this.running.get(key)?.stop();
      }
    }
  }

  // Begin none of the items that are not in this list: they ended while the page was away.
  keep(items) {
    this.items().filter((item) => !items.includes(item)).forEach((item) => this.stop(item, { onlyIfNotBegun: true }));
  }

  silence() {
    this.items().forEach((item) => this.stop(item));
  }
}

// One playing of a message by one widget: its sounds, its pauses, and what is tidied up at its end.
class Show {
  constructor(sounds, message, began, silent) {
    this.sounds = sounds;
    this.begin = began; // call it once the viewer sees or hears something: the bot counts from then on
    this.silent = silent;
    this.elapsed = message.elapsed || 0; // seconds since it began on another page
    this.over = false;
    this.ends = [];
  }

  // Load a sound by its address in the message. It stops with the show.
  sound(address, options = {}) {
    const sound = this.sounds.load(address, { ...options, silent: this.silent || options.silent === true });
    this.tidy(() => sound.stop());
    return sound;
  }

  // The whole address of what the message names.
  address(path) {
    return `${this.sounds.base}${path}`;
  }

  // Whether what speaks for itself, such as the browser's own voice, is to be heard.
  get heard() {
    return this.sounds.leads && !this.silent;
  }

  // Wait. It never returns once the show was stopped, so that what would come next does not happen.
  async pause(milliseconds) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
    await this.notOver();
  }

  async notOver() {
    if (this.over) {
      await new Promise(() => {});
    }
  }

  // Call `step` when the show ends, however it does.
  tidy(step) {
    this.ends.push(step);
  }

  end() {
    this.over = true;
    this.ends.forEach((step) => step());
  }
}
