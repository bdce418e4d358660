// Sounds, of which the page is heard or not: of all pages of an overlay one is, and the others play in silence beside
// it, so that another can take over in the middle of a sound.

export class Sounds {
  // `onAllowed(boolean)` is told when the browser refuses sound, and when a click has changed that.
  constructor(base, unmute, onAllowed) {
    this.base = base;
    this.unmute = unmute;
    this.onAllowed = onAllowed;
    this.leads = false;
    this.playing = new Set();
  }

  // Make this page the one that is heard, or not.
  lead(leads) {
    this.leads = leads;
    this.playing.forEach((sound) => sound.follow());
  }

  // Return the sound of an address below the overlay's, or of a video element (`media`), whose address its owner sets.
  load(address, { volume = 1, loop = false, silent = false, media = null } = {}) {
    return new Sound(this, address, { volume, loop, silent, media });
  }
}

class Sound {
  constructor(sounds, address, { volume, loop, silent, media }) {
    this.sounds = sounds;
    this.silent = silent; // a second widget of the page plays the same, or it is meant to be silent
    this.over = false;
    this.audio = media || new Audio(`${sounds.base}${address}`);
    this.audio.preload = "auto";
    this.audio.volume = volume;
    this.audio.loop = loop;
    this.follow();
    sounds.playing.add(this);
  }

  follow() {
    this.audio.muted = this.silent || !this.sounds.leads;
  }

  // Wait until it can be played to its end.
  ready() {
    return new Promise((resolve, reject) => {
      this.audio.oncanplaythrough = resolve;
      this.audio.onerror = () => reject(new Error(`${this._path()}: ${this.audio.error.message}`));
    });
  }

  // Its whole address, and how far it has played.
  get address() {
    return this.audio.src;
  }

  get seconds() {
    return this.audio.currentTime;
  }

  _path() {
    return new URL(this.audio.src).pathname.replace(this.sounds.base, "");
  }

  // Begin, `from` so many seconds after its beginning. Browsers other than OBS's may refuse sound until the page is
  // clicked: then wait for the click. If that takes too long and no other page played the item, the bot gives it up,
  // and the click helps the next one.
  async play(from = 0) {
    await this.notOver();
    if (from > 0) {
      this.audio.currentTime = from;
    }
    try {
      await this.audio.play();
      this.sounds.unmute.hidden = true; // sound is allowed now
      await this.notOver();
    } catch (error) {
      if (error.name !== "NotAllowedError") {
        throw error;
      }
      await this._click();
      await this.play(from);
    }
  }

  async _click() {
    const { unmute, onAllowed } = this.sounds;
    console.warn("This browser lets the page play sound only after a click.");
    onAllowed(false);
    unmute.hidden = false;
    await new Promise((resolve) => unmute.addEventListener("click", resolve, { once: true }));
    unmute.hidden = true;
    onAllowed(true);
  }

  // Begin, `from` so many seconds after its beginning; if that fails, go on in silence.
  playQuietly(from = 0) {
    this.play(from).catch((error) => console.warn(`no sound: ${error.message}`));
  }

  ended() {
    return new Promise((resolve, reject) => {
      if (this.audio.ended) {
        resolve();
      }
      this.audio.onended = resolve;
      this.audio.onerror = () => reject(new Error(this.audio.error ? this.audio.error.message : "sound error"));
    });
  }

  pause() {
    this.audio.pause();
  }

  stop() {
    this.over = true;
    this.audio.pause();
    this.sounds.playing.delete(this);
  }

  // Never return once it was stopped: what would come next must not happen.
  async notOver() {
    if (this.over) {
      this.audio.pause();
      await new Promise(() => {});
    }
  }
}
