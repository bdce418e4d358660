// Cards: one for each effect of a list, or for each object of a list of objects. Buttons and keys add, duplicate, move
// and remove them; each change is told by `touch`, and announced.
import { field } from "./fields.js";
import { button, describe, errors, make, newId } from "./page.js";

// Return the list of an effect's, or of the column's own, effects as cards.
export function effectList(editor, steps, path, depth, touch) {
  if (depth > editor.limits.depth) {
    return make("p", { className: "tip", textContent: `Effects can lie in each other at most ${editor.limits.depth} deep.` });
  }
  const first = editor.groups[0].kinds[0];
  return list(editor, steps, path, touch, {
    noun: "effect",
    most: depth > 1 ? editor.limits.list : null,
    blank: () => blank(editor, first),
    title: (step) => editor.kinds[step.kind]?.title ?? String(step.kind),
    body: (card, step, place) => effectBody(editor, card, step, place, depth, touch),
  });
}

// Return the list of a field that holds objects as cards.
export function objectList(editor, spec, rows, path, depth, touch) {
  const noun = spec.item ? spec.item.toLowerCase() : "row";
  return list(editor, rows, path, touch, {
    noun,
    most: spec.most ?? null,
    blank: () => blankFields(spec.fields),
    title: () => noun[0].toUpperCase() + noun.slice(1),
    body: (card, row, place) => card.show([], spec.fields.map((inner) => field(editor, inner, row, at(place, inner.name), depth, touch))),
  });
}

function list(editor, items, path, touch, kind) {
  const cards = make("ol", {});
  const adder = button(`+ Add ${/^[aeiou]/.test(kind.noun) ? "an" : "a"} ${kind.noun}`, "", () => {
    insert(items.length, kind.blank(), "added");
  });
  const full = make("p", { className: "tip", textContent: `There can be at most ${kind.most} in this list.`, hidden: true });
  items.forEach((item, place) => cards.append(card(item, at(path, place))));
  refresh();
  return make("div", { className: "list" }, cards, errors(editor.wrong(path)), adder, full);

  function refresh() {
    [...cards.children].forEach((element, place) => element.refresh(place));
  }

  function changed(sentence) {
    refresh();
    touch();
    editor.announce(sentence);
  }

  function insert(place, item, done) {
    if (kind.most !== null && items.length >= kind.most) {
      full.hidden = false;
      editor.announce(full.textContent);
      return;
    }
    items.splice(place, 0, item);
    const element = card(item, null);
    cards.insertBefore(element, cards.children[place] ?? null);
    changed(`${kind.title(item)} ${done} as ${kind.noun} ${place + 1} of ${items.length}.`);
    (element.querySelector("select, input, textarea") ?? adder).focus();
  }

  function move(element, by) {
    const place = [...cards.children].indexOf(element);
    const [item, target] = [items[place], place + by];
    if (!(target in items)) {
      editor.announce(`${kind.title(item)} is the ${by < 0 ? "first" : "last"} already.`);
      return;
    }
    const focused = document.activeElement;
    [items[place], items[target]] = [items[target], item];
    cards.insertBefore(element, by < 0 ? cards.children[target] : cards.children[target].nextSibling);
    changed(`${kind.title(item)} moved, now ${kind.noun} ${target + 1} of ${items.length}.`);
    focused.focus(); // a moved element loses the focus
  }

  function remove(element) {
    const place = [...cards.children].indexOf(element);
    const [item] = items.splice(place, 1);
    element.remove();
    full.hidden = true;
    changed(`${kind.title(item)} removed, ${items.length || "none"} left.`);
    (cards.children[place] ?? cards.lastElementChild)?.removeButton.focus();
    if (!items.length) {
      adder.focus();
    }
  }

  function card(item, place) {
    const legend = make("legend", {});
    const buttons = {
      up: button("↑", "", () => move(element, -1)),
      down: button("↓", "", () => move(element, 1)),
      copy: button("Duplicate", "", () => insert([...cards.children].indexOf(element) + 1, structuredClone(item), "duplicated")),
      remove: button("Remove", "", () => remove(element)),
    };
    const head = make("div", { className: "head" });
    const body = make("div", { className: "body" });
    const wrong = errors(editor.wrong(place));
    const element = make("li", {}, make("fieldset", {}, legend, head, wrong, body));
    element.removeButton = buttons.remove;
    // Show what stands before the buttons, and the fields; again, where another kind is chosen.
    element.show = (before, rows) => {
      if (!head.childElementCount) {
        head.append(...before, make("span", { className: "buttons" }, ...Object.values(buttons)));
      }
      body.replaceChildren(...rows);
    };
    element.rename = () => element.refresh([...cards.children].indexOf(element));
    element.refresh = (now) => {
      const title = kind.title(item);
      legend.textContent = `${now + 1}. ${title}`;
      const names = { up: `Move ${title} up`, down: `Move ${title} down`, copy: `Duplicate ${title}`, remove: `Remove ${title}` };
      Object.entries(names).forEach(([key, name]) => { buttons[key].ariaLabel = name; });
      buttons.up.ariaDisabled = String(now === 0);
      buttons.down.ariaDisabled = String(now === items.length - 1);
    };
    element.onkeydown = (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      // Alt and the arrow down open a menu that has the focus.
      if (by && event.altKey && event.target.tagName !== "SELECT") {
        event.preventDefault();
        event.stopPropagation(); // the card that this one lies in stays
        move(element, by);
      }
    };
    kind.body(element, item, place);
    return element;
  }
}

function effectBody(editor, card, step, path, depth, touch) {
  const payloads = new Map(); // what was typed for each kind, for one who comes back to it
  const choice = make("select", { ariaLabel: "What happens" }, ...menu(editor, step.kind));
  choice.value = step.kind;
  choice.onchange = () => {
    const { kind: before, ...payload } = step;
    payloads.set(before, payload);
    Object.keys(payload).forEach((name) => delete step[name]);
    Object.assign(step, payloads.get(choice.value) ?? { ...blank(editor, choice.value), ...alike(editor, before, choice.value, payload) });
    step.kind = choice.value;
    show(null);
    card.rename();
    touch();
  };
  show(path);

  function show(place) {
    const kind = editor.kinds[step.kind];
    const sentence = kind?.does ?? "There is no effect of this kind any more. Choose another kind, or remove the card.";
    const does = make("p", { className: "does", textContent: sentence });
    describe(choice, [does], null);
    const known = kind ? kind.fields : [];
    const left = kind ? Object.keys(step).filter((name) => name !== "kind" && !known.some((spec) => spec.name === name)) : [];
    const odd = left.map((name) => ({ name, label: name, input: "json", help: "This effect has no such field. Leave it blank to remove it." }));
    const rows = [...known, ...odd].filter((spec) => spec.input !== "hidden").map((spec) => field(editor, spec, step, at(place, spec.name), depth, touch));
    card.show([choice], [does, ...rows]);
  }
}

// Return what was typed into fields that both kinds have by the same name.
function alike(editor, before, after, payload) {
  const shared = (editor.kinds[before]?.fields ?? []).filter(
    (spec) => spec.input === "text" && !spec.source && spec.name in payload
      && editor.kinds[after].fields.some((other) => other.name === spec.name && other.input === "text" && !other.source),
  );
  return Object.fromEntries(shared.map((spec) => [spec.name, payload[spec.name]]));
}

function menu(editor, current) {
  const groups = editor.groups.map((group) => make("optgroup", { label: group.label }, ...group.kinds.map(
    (kind) => make("option", { value: kind, textContent: `${editor.kinds[kind].title} – ${editor.kinds[kind].does}` }),
  )));
  return current in editor.kinds ? groups : [make("option", { value: current, textContent: `${current} (does not exist)` }), ...groups];
}

function blank(editor, kind) {
  return { kind, ...blankFields(editor.kinds[kind].fields) };
}

// Return the defaults, with a no for what has none, and what objects that are needed begin with.
function blankFields(fields) {
  const filled = (spec) => {
    if ("default" in spec) {
      return structuredClone(spec.default);
    }
    if (spec.required && spec.input === "object") {
      return blankFields(spec.fields);
    }
    return spec.required && spec.input === "yes_no" ? false : undefined;
  };
  return Object.fromEntries(fields.map((spec) => [spec.name, filled(spec)]).filter(([, value]) => value !== undefined));
}

function at(path, key) {
  return path && [...path, key];
}
