// What widgets build their elements with. Everything that comes from viewers is set as text.

const SVG = "http://www.w3.org/2000/svg";

export const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

// An element with attributes (`class`, `hidden`, …) and children: elements, or texts.
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(made, attributes, children) {
  Object.entries(attributes).forEach(([name, value]) => {
    if (value !== null && value !== false) {
      made.setAttribute(name, value === true ? "" : value);
    }
  });
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

// A name, kept from changing the direction of what is beside it.
export function name(text) {
  const made = element("bdi", { class: "name" });
  made.textContent = text;
  return made;
}

// A text as nodes, in which each occurrence of `who` is a name.
export function withName(text, who) {
  const parts = who ? text.split(who) : [text];
  return parts.flatMap((part, place) => (place === 0 ? [part] : [name(who), part])).filter((part) => part !== "");
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Play keyframes on an element; where less motion is wanted, nothing moves, and the end is there at once.
export function animate(target, keyframes, options) {
  const animation = target.animate(keyframes, options);
  if (reducedMotion.matches) {
    animation.finish();
  }
  return animation;
}

// A number as people write it: 12,345.
export function figure(number) {
  return Number(number).toLocaleString("en");
}

// Draw an attribute's pictures: small shapes in the colour of the text around them.
const SHAPES = {
  tip: "M12 2 21 8 12 22 3 8Z M12 2 9 8h6Z",
  heart: "M12 21 3.5 12.6A5.4 5.4 0 0 1 12 6a5.4 5.4 0 0 1 8.5 6.6Z",
  star: "m12 2 3.1 6.4 7 .9-5.1 4.9 1.3 7L12 17.8 5.7 21.2l1.3-7L1.9 9.300l7-.9Z",
  gift: "M3 8h18v4H3Z M4.500 13.500h6.500V22H4.500Z M13 13.500h6.500V22H13Z M12 8C8 8 6 6.500 6 4.700S8.500 1.500 12 8Zm0 0c4 0 6-1.500 6-3.300S15.500 1.500 12 8Z",
  raid: "M4 2h2v20H4Z M7 3h13l-3 4.500 3 4.500H7Z",
  wheel: "M12 2a10 10 0 1 0 10 10H12Z M14 2.200A10 10 0 0 1 21.800 10H14Z",
  crown: "M3 7l4.500 4L12 4l4.500 7L21 7l-1.800 11H4.800Z M4.800 19.500h14.400V22H4.800Z",
  chat: "M3 4h18v12H10l-5 5v-5H3Z",
};

export function icon(kind) {
  const shape = svg("path", { d: SHAPES[kind] || SHAPES.star, "fill-rule": "evenodd" });
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, shape);
}
