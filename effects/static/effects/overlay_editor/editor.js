// The stage on an overlay's page of the dashboard: the overlay itself in a frame, and above it a box for each row of the
// form. The rows' fields hold what is sent; without scripts they are filled in by hand.
import { Box } from "./box.js";
import { Drafts } from "./drafts.js";
import { optionsOf } from "./options.js";
import { Row, isRow } from "./row.js";

const SIZES = { wide: [1920, 1080], vertical: [1080, 1920] }; // the frame's page in pixels
const section = document.getElementById("stage");
const glass = section.querySelector(".window");
const frame = section.querySelector("iframe");
const told = section.querySelector(".told");
const group = document.getElementById("widgets-group");
const format = document.getElementById("id_format"); // who may only look has none
const theme = document.getElementById("id_theme");
const places = JSON.parse(section.dataset.places);
const boxes = new Map(); // a row's element -> its box
const options = optionsOf(section, told);
const drafts = new Drafts(section.dataset.drafts, say);

function shape() {
  return format ? format.value : section.dataset.format;
}

function say(message) {
  frame.contentWindow.postMessage(message, location.origin);
}

// As large as the stage: its page is as wide as on the stream, and is made smaller as a picture would be.
function fit() {
  const [width, height] = SIZES[shape()];
  frame.style.width = `${width}px`;
  frame.style.height = `${height}px`;
  frame.style.transform = `scale(${glass.clientWidth / width})`;
}

// Draw everything as the form says.
function draw() {
  glass.classList.toggle("vertical", shape() === "vertical");
  fit();
  const corners = {};
  boxes.forEach((box) => {
    const { x, y } = box.row.place;
    const corner = `${x} ${y}`;
    box.draw(corners[corner] ?? 0);
    corners[corner] = (corners[corner] ?? 0) + (box.row.isDeleted ? 0 : 1);
  });
  if (format) {
    const widgets = [...boxes.values()].map(({ row }) => {
      return { ...row.place, name: row.frameName, unseen: row.isDeleted || !row.isShown };
    });
    say({ type: "place", theme: theme.value, widgets });
    drafts.show([...boxes.values()].map(({ row }) => row));
  }
}

function add(element) {
  const row = new Row(element);
  const box = new Box(row, section.querySelector(".boxes"), {
    onMove() {
      draw();
      told.textContent = `${box.sentence}.`;
    },
    onFocus() {
      mark(row.element);
      options?.show(row); // not where the row gets it: what is below the stage would move away from the pointer
    },
  });
  boxes.set(element, box);
  options?.join(row);
  return row;
}

// Mark the box and the row that belong together, of which one has the focus.
function mark(element) {
  boxes.forEach((box, other) => {
    box.element.classList.toggle("current", other === element);
    other.classList.toggle("on-stage", other === element);
  });
}

// Where the next widget of a kind is put: each of several has a place of its own.
function placeOf(kind, before) {
  const [x, y, width, height] = places[shape()][kind][before % places[shape()][kind].length];
  return { x, y, width, height };
}

function apply(preset) {
  format.value = preset;
  const counted = {};
  boxes.forEach(({ row }) => {
    if (places[preset][row.kind]) {
      counted[row.kind] = (counted[row.kind] ?? -1) + 1;
      row.place = placeOf(row.kind, counted[row.kind]);
    }
  });
  draw();
  told.textContent = "All widgets are moved. Save to keep it.";
}

// A new row is where the bot would put it, until somebody chooses its place.
function placeNew(row) {
  if (!row.isPlaced && places[shape()][row.kind]) {
    const others = [...boxes.values()].filter((box) => box.row !== row && box.row.kind === row.kind);
    row.place = placeOf(row.kind, others.length);
    row.isPlaced = false;
  }
}

function usePresets(presets) {
  section.querySelector(".tools").prepend(presets);
  presets.querySelectorAll("button").forEach((button) => {
    button.type = "button"; // it only fills in the fields
    button.addEventListener("click", () => apply(button.value));
  });
}

function changed(event) {
  const row = boxes.get(event.target.closest(".form-row"))?.row;
  if (row && event.target === row.field("kind")) {
    placeNew(row);
  } else if (row && /-(x|y|width|height)$/.test(event.target.name)) {
    row.isPlaced = true;
  }
  draw();
}

document.querySelectorAll("#widgets-group .form-row").forEach((element) => isRow(element) && add(element));
document.addEventListener("formset:added", (event) => {
  if (event.detail.formsetName === "widgets") {
    placeNew(add(event.target));
    draw();
  }
});
document.addEventListener("formset:removed", () => {
  [...boxes].filter(([element]) => !element.isConnected).forEach(([element, box]) => {
    box.element.remove();
    boxes.delete(element);
    if (options?.row === box.row) {
      options.show(null);
    }
  });
  draw();
});
group?.addEventListener("input", changed);
group?.addEventListener("focusin", (event) => mark(event.target.closest(".form-row")));
[format, theme].forEach((field) => field?.addEventListener("change", draw));
section.querySelector("[data-examples]").addEventListener("click", () => say({ type: "examples" }));
const presets = document.getElementById("presets");
if (presets) {
  usePresets(presets);
}
section.hidden = false;
frame.addEventListener("load", () => {
  draw();
  drafts.again();
});
frame.src = section.dataset.page;
new ResizeObserver(fit).observe(glass);
draw();
