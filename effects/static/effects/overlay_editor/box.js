// A box on the stage: the place of a row's widget, moved and resized by pointer and by keys.

const STEP = 0.5; // percent, by pointer
const SMALLEST = 2; // percent
const NUDGE = 1;
const LARGE_NUDGE = 5;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Box {
  // `onMove()` is called when it has written another place into its row, `onFocus()` when it gets the focus.
  constructor(row, boxes, { onMove, onFocus }) {
    this.row = row;
    this.onMove = onMove;
    this.element = Object.assign(document.createElement("div"), { className: "box" });
    this.button = Object.assign(document.createElement("button"), { type: "button" });
    this.label = document.createElement("span");
    this.button.append(this.label);
    this.button.setAttribute("aria-describedby", "stage-keys");
    const handle = Object.assign(document.createElement("span"), { className: "handle" });
    this.element.append(this.button, handle);
    boxes.append(this.element);
    this.button.addEventListener("focus", onFocus);
    this.button.addEventListener("keydown", (event) => this.press(event));
    // Of the keyboard or a screen reader, or a double click: a click that may begin a drag leads nowhere.
    this.button.addEventListener("click", (event) => event.detail !== 1 && row.field("x").focus());
    this.button.addEventListener("pointerdown", (event) => this.drag(event, boxes, moved));
    handle.addEventListener("pointerdown", (event) => this.drag(event, boxes, resized));
  }

  // Draw it as its row says; `covered`: of so many others that begin at the same corner, the names are above its own.
  draw(covered = 0) {
    const { row, element, button, label } = this;
    const { x, y, width, height } = row.place;
    element.hidden = row.isDeleted;
    element.classList.toggle("not-shown", !row.isShown);
    Object.entries({ left: x, top: y, width, height }).forEach(([side, value]) => {
      element.style[side] = `${value}%`;
    });
    // Small ones lie above those that would cover them.
    element.style.setProperty("--above", String(20000 - Math.round(width * height)));
    button.style.setProperty("--covered", String(covered));
    label.textContent = row.label;
    button.setAttribute("aria-label", this.sentence);
  }

  get sentence() {
    const { x, y, width, height } = this.row.place;
    const hidden = this.row.isShown ? "" : ", not shown";
    return `${this.row.label}${hidden}: ${x} % from the left, ${y} % from the top, ${width} % wide, ${height} % high`;
  }

  put(place) {
    this.row.place = place;
    this.onMove();
  }

  press(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.metaKey) {
      return;
    }
    event.preventDefault(); // Alt and an arrow would leave the page
    const [right, down] = arrow.map((way) => way * (event.shiftKey ? LARGE_NUDGE : NUDGE));
    const change = event.altKey || event.ctrlKey ? resized : moved;
    this.put(change(this.row.place, right, down));
  }

  drag(event, boxes, change) {
    if (event.button !== 0) {
      return;
    }
    event.preventDefault();
    this.button.focus({ preventScroll: true });
    const first = this.row.place;
    const begin = { x: event.clientX, y: event.clientY };
    const { width, height } = boxes.getBoundingClientRect();
    const ended = new AbortController();
    const listen = (name, step) => window.addEventListener(name, step, { signal: ended.signal });
    listen("pointermove", (now) => {
      if (now.pointerId === event.pointerId) {
        const right = (100 * (now.clientX - begin.x)) / width;
        const down = (100 * (now.clientY - begin.y)) / height;
        this.put(change(first, onGrid(right), onGrid(down)));
      }
    });
    listen("pointerup", () => ended.abort());
    listen("pointercancel", () => ended.abort());
    listen("keydown", (pressed) => {
      if (pressed.key === "Escape") {
        ended.abort();
        this.put(first);
      }
    });
  }
}

function onGrid(percent) {
  return Math.round(percent / STEP) * STEP;
}

function between(low, value, high) {
  return Math.max(low, Math.min(value, Math.max(low, high)));
}

// The place, moved by so many percent, but not off the stage.
function moved({ x, y, width, height }, right, down) {
  return { x: between(0, x + right, 100 - width), y: between(0, y + down, 100 - height) };
}

function resized({ x, y, width, height }, wider, higher) {
  return {
    width: between(SMALLEST, width + wider, 100 - x),
    height: between(SMALLEST, height + higher, 100 - y),
  };
}
