// Rows that are new or have other options than those that are stored, shown in the frame before they are saved. The bot
// says what each shows with these options, since it alone knows tips, points and counters.

const PAUSE_MS = 250; // after the last change, for who is typing

export class Drafts {
  // `say(message)` posts to the frame.
  constructor(address, say) {
    this.address = address;
    this.say = say;
    this.wanted = "[]";
    this.shown = [];
    this.timer = 0;
  }

  // Show these rows, as far as they differ from what is stored.
  show(rows) {
    const changed = rows.filter((row) => !row.isDeleted && row.isChanged);
    const wanted = JSON.stringify(changed.map(({ frameName, kind, options }) => ({ name: frameName, kind, options })));
    if (wanted === this.wanted) {
      return;
    }
    this.wanted = wanted;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(wanted, changed), PAUSE_MS);
  }

  async ask(wanted, rows) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const answer = await fetch(this.address, { method: "POST", headers, body: `{"widgets":${wanted}}` }).catch(() => null);
    if (answer?.ok && wanted === this.wanted) { // else the boxes alone show them
      const { widgets } = await answer.json();
      const places = new Map(rows.map((row) => [row.frameName, row.place]));
      this.shown = widgets.map((told) => ({ ...told, ...places.get(told.name) }));
      this.again();
    }
  }

  // Tell the frame, which may be another one than before.
  again() {
    this.say({ type: "draft", widgets: this.shown });
  }
}
