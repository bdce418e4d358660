// Elements, and the messages of mistakes beside what they are about.

let made = 0;

// Return a new element with these properties and children; children that are null are left out.
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function newId() {
  made += 1;
  return `effects-part-${made}`;
}

// Return a button; `name` is what it is called where its text is a sign, or is the same on each card.
export function button(text, name, act) {
  const element = make("button", { type: "button", textContent: text, onclick: act });
  if (name) {
    element.ariaLabel = name;
  }
  return element;
}

// Return a list of messages, or null where there are none.
export function errors(messages) {
  if (!messages.length) {
    return null;
  }
  return make("ul", { className: "errorlist", id: newId() }, ...messages.map((text) => make("li", { textContent: text })));
}

// Say that the input is described by these elements, and wrong where the last is a list of errors, until it is changed.
export function describe(input, hints, wrong) {
  const described = [...hints, wrong].filter((element) => element !== null);
  described.forEach((element) => { element.id ||= newId(); });
  if (described.length) {
    input.setAttribute("aria-describedby", described.map((element) => element.id).join(" "));
  }
  if (wrong) {
    input.ariaInvalid = "true";
    input.addEventListener("input", () => {
      wrong.remove();
      input.removeAttribute("aria-invalid");
    }, { once: true });
  }
}
