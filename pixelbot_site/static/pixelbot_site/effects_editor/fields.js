// The fields of a card: a control for each, with its unit and bounds, its help, and what is wrong with it.
import { effectList, objectList } from "./cards.js";
import { describe, errors, make, newId } from "./page.js";

const NAMES = "/admin/effects/obsconnection/names/";
let names = null; // names of sounds, items and what OBS has; fetched when the first field needs them, once for the page

// Return the field `spec` of an object; what is typed is kept in `values`, and told by `touch`.
export function field(editor, spec, values, path, depth, touch) {
  const help = spec.help ? make("p", { className: "tip", textContent: spec.help }) : null;
  if (["effects", "objects", "object"].includes(spec.input)) {
    return nested(editor, spec, values, path, depth, touch, help);
  }
  const set = (value) => {
    if (value === undefined) {
      delete values[spec.name];
    } else {
      values[spec.name] = value;
    }
    touch();
  };
  const control = spec.source === "voice" ? voice : CONTROLS[spec.input];
  const input = Object.assign(control(spec, values[spec.name], set), { id: newId() });
  input.required = Boolean(spec.required) && spec.input !== "yes_no"; // a tick that is needed would mean yes
  const hint = spec.hint ? make("span", { className: "hint", textContent: spec.hint }) : null;
  const wrong = errors(editor.wrong(path, true));
  describe(input, [hint, help], wrong);
  if (spec.source && spec.source !== "voice") {
    offer(input, spec.source);
  }
  const picker = spec.input === "colour" ? colourPicker(input, spec) : null;
  const play = spec.source === "voice" ? window.playButton(() => input.value, "this voice") : null; // of voices.js
  const label = make("label", { textContent: spec.label, htmlFor: input.id });
  return make("div", { className: "field" }, label, make("div", {}, input, picker, play, hint, wrong, help));
}

// Return a field that is itself made of cards, or of fields.
function nested(editor, spec, values, path, depth, touch, help) {
  const inner = values[spec.name] ?? (spec.input === "object" ? {} : []);
  const keep = () => {
    values[spec.name] = inner;
    touch();
  };
  const frame = make("fieldset", { className: "nested" }, make("legend", { textContent: spec.label }), help);
  if (spec.input === "effects") {
    frame.append(effectList(editor, inner, path, depth + 1, keep));
  } else if (spec.input === "objects") {
    frame.append(objectList(editor, spec, inner, path, depth, keep));
  } else {
    const wrong = errors(editor.wrong(path));
    frame.append(...[wrong].filter(Boolean), ...spec.fields.map((part) => field(editor, part, inner, path && [...path, part.name], depth, keep)));
  }
  return frame;
}

const CONTROLS = {
  text(spec, value, set) {
    const text = make("input", { type: "text", value: value ?? "" });
    if (spec.longest) {
      text.maxLength = spec.longest;
    }
    // A default that is not empty is what a blank field stands for.
    text.placeholder = spec.default ?? "";
    text.oninput = () => set(text.value === "" ? undefined : text.value);
    return text;
  },

  // A code is typed, or a colour is picked beside it; blank has a meaning, which a picker alone could not have.
  colour(spec, value, set) {
    const text = CONTROLS.text({ ...spec, longest: 7 }, value, set);
    text.className = "colour";
    return text;
  },

  number(spec, value, set) {
    const bounds = { min: spec.least ?? "", max: spec.most ?? "", step: spec.whole ? "1" : "any" };
    const number = make("input", { type: "number", value: value ?? "", placeholder: spec.default ?? "", ...bounds });
    number.oninput = () => set(number.value === "" ? undefined : Number(number.value));
    return number;
  },

  yes_no(spec, value, set) {
    const tick = make("input", { type: "checkbox", checked: value ?? spec.default ?? false });
    tick.onchange = () => set(tick.checked);
    return tick;
  },

  choice(spec, value, set) {
    const choices = value === undefined && spec.default === undefined ? [undefined, ...spec.choices] : spec.choices;
    const words = (one) => (one === undefined ? "" : String(one).replaceAll("_", " "));
    const choice = make("select", {}, ...choices.map((one, place) => make("option", { value: place, textContent: words(one) })));
    const current = value ?? spec.default;
    if (!choices.includes(current)) { // stored before the choices changed
      choices.push(current);
      choice.append(make("option", { value: choices.length - 1, textContent: words(current) }));
    }
    choice.value = choices.indexOf(current);
    choice.onchange = () => set(choices[Number(choice.value)]);
    return choice;
  },

  json(spec, value, set) {
    const written = (one) => (one === undefined ? "" : JSON.stringify(one));
    const text = make("textarea", { rows: 3, value: written(value), placeholder: written(spec.default) });
    text.oninput = () => {
      try {
        set(text.value === "" ? undefined : JSON.parse(text.value));
      } catch {
        set(text.value); // the server says what is wrong with it
      }
    };
    return text;
  },
};

function colourPicker(text, spec) {
  const shown = () => (/^#[0-9a-f]{6}$/i.test(text.value) ? text.value : "#808080");
  const picker = make("input", { type: "color", value: shown(), title: `Pick a colour: ${spec.label}` });
  picker.setAttribute("aria-label", `Pick a colour: ${spec.label}`);
  picker.oninput = () => {
    text.value = picker.value;
    text.dispatchEvent(new Event("input"));
  };
  text.addEventListener("input", () => {
    picker.value = shown();
  });
  return picker;
}

// A list of the voices; what is stored and not among them stays chosen.
function voice(spec, stored, set) {
  const choice = make("select", {}, make("option", { value: "", textContent: "As in the settings" }));
  if (stored) {
    choice.append(make("option", { value: stored, textContent: stored, selected: true }));
  }
  choice.onchange = () => set(choice.value || undefined);
  known().then(({ voice: voices }) => {
    const options = voices?.options || [];
    if (options.length && stored) {
      const wanted = stored.toLowerCase();
      const found = options.find(([id, text]) => id === stored || text.toLowerCase().split(", ").includes(wanted));
      choice.options[1].textContent = found ? found[1] : `${stored} (not installed)`;
    }
    const others = options.filter(([id]) => id !== stored);
    choice.append(...others.map(([value, textContent]) => make("option", { value, textContent })));
    if (voices?.is_browsers) {
      window.offerBrowsersVoices(choice);
    }
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
    document.body.append(make("datalist", { id }, ...offered.map((value) => make("option", { value }))));
  }
  input.setAttribute("list", id);
}
