// A list of effects as a form: one box for each effect, with fields made from the payload's schema. The hidden text
// field holds the list as JSON and is what the form sends; without this script it can be edited by hand.
"use strict";

const NAMES = "/admin/effects/obsconnection/names/";
let names = null; // names of sounds, items and what OBS has; fetched when the first field needs them, once for the page

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("textarea[data-effects]").forEach(edit);
});

function edit(area) {
  const kinds = JSON.parse(area.parentElement.querySelector("script[data-kinds]").textContent);
  let steps;
  try {
    steps = JSON.parse(area.value || "[]");
  } catch {
    return; // not JSON: leave the text field visible, to be corrected there
  }
  const box = make("div", { className: "effects" });
  area.hidden = true;
  area.after(box);
  draw();

  function keep() {
    area.value = JSON.stringify(steps);
  }

  function draw() {
    keep();
    box.replaceChildren(...steps.map(drawStep), add());
  }

  function add() {
    const button = make("button", { type: "button", textContent: "+ Add an effect" });
    button.onclick = () => {
      steps.push(blank(Object.keys(kinds)[0]));
      draw();
    };
    return button;
  }

  function blank(kind) {
    const step = { kind };
    Object.entries(kinds[kind].properties || {}).forEach(([name, field]) => {
      if ("default" in field && field.default !== null && field.default !== "") {
        step[name] = field.default;
      }
    });
    return step;
  }

  function drawStep(step, place) {
    const head = make("div", { className: "head" });
    const choice = make("select", { ariaLabel: "effect" });
    Object.keys(kinds).forEach((kind) => choice.append(make("option", { value: kind, textContent: kind.replaceAll("_", " ") })));
    choice.value = step.kind;
    choice.onchange = () => {
      steps[place] = blank(choice.value);
      draw();
    };
    head.append(choice, move(place, -1, "↑"), move(place, 1, "↓"), remove(place));
    const fields = Object.entries(kinds[step.kind]?.properties || {}).map(([name, field]) => drawField(step, name, field));
    const frame = make("fieldset", {});
    frame.append(head, ...fields);
    return frame;
  }

  function move(place, by, sign) {
    const button = make("button", { type: "button", textContent: sign, disabled: !(place + by in steps) });
    button.onclick = () => {
      [steps[place], steps[place + by]] = [steps[place + by], steps[place]];
      draw();
    };
    return button;
  }

  function remove(place) {
    const button = make("button", { type: "button", textContent: "Remove" });
    button.onclick = () => {
      steps.splice(place, 1);
      draw();
    };
    return button;
  }

  function drawField(step, name, field) {
    const row = make("div", { className: "field" });
    const label = make("label", { textContent: name.replaceAll("_", " ") });
    const input = control(step, name, field);
    input.id = `effect-${Math.random().toString(36).slice(2)}`;
    label.htmlFor = input.id;
    row.append(label, input);
    if (field.from === "voice") row.append(window.playButton(() => input.value, "this voice"));
    return row;
  }

  function control(step, name, field) {
    const type = field.type || (field.anyOf || []).map((option) => option.type).find((name) => name !== "null");
    const set = (value) => {
      if (value === undefined || value === "" || Number.isNaN(value)) {
        delete step[name];
      } else {
        step[name] = value;
      }
      keep();
    };
    if (field.from === "voice") {
      return voiceChoice(step[name] ?? "", set);
    }
    if (field.enum) {
      const choice = make("select", {});
      field.enum.forEach((value) => choice.append(make("option", { value, textContent: value })));
      choice.value = step[name] ?? field.default;
      choice.onchange = () => set(choice.value);
      return choice;
    }
    if (type === "boolean") {
      const tick = make("input", { type: "checkbox", checked: step[name] ?? field.default ?? false });
      tick.onchange = () => set(tick.checked);
      return tick;
    }
    if (type === "integer" || type === "number") {
      const number = make("input", { type: "number", step: type === "integer" ? "1" : "any", value: step[name] ?? "" });
      number.oninput = () => set(number.value === "" ? undefined : Number(number.value));
      return number;
    }
    if (type === "array") {
      const inner = make("input", { type: "text", value: JSON.stringify(step[name] ?? []) });
      inner.onchange = () => {
        try {
          set(JSON.parse(inner.value));
          inner.setCustomValidity("");
        } catch {
          inner.setCustomValidity("This must be a list, written as JSON.");
        }
      };
      return inner;
    }
    const text = make("input", { type: "text", value: step[name] ?? "" });
    text.oninput = () => set(text.value);
    if (field.from) {
      offer(text, field.from);
    }
    return text;
  }
}

// A list of the voices; what is stored and not among them stays chosen.
function voiceChoice(stored, set) {
  const choice = make("select", {});
  choice.append(make("option", { value: "", textContent: "As in the settings" }));
  if (stored) choice.append(make("option", { value: stored, textContent: stored, selected: true }));
  choice.onchange = () => set(choice.value);
  known().then(({ voice }) => {
    const options = voice?.options || [];
    if (options.length && stored) {
      const found = options.find(([id, text]) => id === stored || text.toLowerCase().split(", ").includes(stored.toLowerCase()));
      choice.options[1].textContent = found ? found[1] : `${stored} (not installed)`;
    }
    options.filter(([id]) => id !== stored).forEach(([value, textContent]) => choice.append(make("option", { value, textContent })));
    if (voice?.is_browsers) window.offerBrowsersVoices(choice);
  });
  return choice;
}

function known() {
  names ??= fetch(NAMES).then((answer) => (answer.ok ? answer.json() : {})).catch(() => ({}));
  return names;
}

// Offer the known names for a field; any other text may still be typed.
async function offer(input, kind) {
  const offered = (await known())[kind] || [];
  const id = `names-${kind}`;
  if (!document.getElementById(id)) {
    const list = make("datalist", { id });
    offered.forEach((value) => list.append(make("option", { value })));
    document.body.append(list);
  }
  input.setAttribute("list", id);
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
