// Confetti: paper in the theme's colours that falls over an element. It draws on one canvas, and is gone afterwards.

import { reducedMotion } from "./dom.js";

const PIECES = 110;
const SECONDS = 3.2;
const GRAVITY = 0.9; // heights of the element in a second, each second

export function confetti(element, colours) {
  if (reducedMotion.matches || element.offsetParent === null) {
    return () => {};
  }
  const canvas = document.createElement("canvas");
  canvas.className = "confetti";
  canvas.setAttribute("aria-hidden", "true");
  element.append(canvas);
  const { clientWidth: width, clientHeight: height } = element;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const pieces = Array.from({ length: PIECES }, (_, place) => piece(width, height, colours[place % colours.length]));
  const began = performance.now();
  let frame = requestAnimationFrame(function draw(now) {
    const seconds = (now - began) / 1000;
    if (seconds > SECONDS) {
      canvas.remove();
      return;
    }
    context.clearRect(0, 0, width, height);
    context.globalAlpha = Math.min(1, (SECONDS - seconds) * 2);
    pieces.forEach((one) => paint(context, one, seconds, height));
    frame = requestAnimationFrame(draw);
  });
  return () => {
    cancelAnimationFrame(frame);
    canvas.remove();
  };
}

function piece(width, height, colour) {
  const side = Math.random() < 0.5 ? -1 : 1;
  return {
    x: width / 2, y: height * 0.55, colour,
    speedX: side * Math.random() * width * 0.55, speedY: -height * (0.35 + Math.random() * 0.65),
    size: height * (0.012 + Math.random() * 0.014), turn: Math.random() * 12 - 6, angle: Math.random() * 6,
    flip: 3 + Math.random() * 8,
  };
}

function paint(context, one, seconds, height) {
  const x = one.x + one.speedX * seconds * (1 - seconds * 0.12);
  const y = one.y + one.speedY * seconds + (GRAVITY * height * seconds * seconds) / 2;
  context.save();
  context.translate(x, y);
  context.rotate(one.angle + one.turn * seconds);
  context.scale(1, Math.cos(one.flip * seconds));
  context.fillStyle = one.colour;
  context.fillRect(-one.size / 2, -one.size / 3, one.size, one.size * 0.66);
  context.restore();
}

// The theme's colours, for confetti over an element.
export function themeColours(element) {
  const style = getComputedStyle(element);
  return ["--accent", "--accent-2", "--accent-3", "--text"].map((name) => style.getPropertyValue(name).trim());
}
