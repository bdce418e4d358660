// Confetti that falls over the widget's place, drawn on a canvas. Where the browser is set to show less motion, the pieces
// lie where they are and fade.

import { element, reducedMotion } from "../dom.js";

const FADE_MS = 700; // at the end, what still falls fades
const FALL_MS = 2600; // how long a piece takes from the top to the bottom, about

export function mount(root) {
  root.hidden = true;
  return {
    async play(message, show) {
      const canvas = element("canvas", { class: "confetti", "aria-hidden": "true" });
      root.hidden = false;
      root.append(canvas);
      canvas.width = root.clientWidth;
      canvas.height = root.clientHeight;
      const still = reducedMotion.matches;
      canvas.dataset.still = String(still);
      const pieces = Array.from({ length: message.amount }, (_, place) => piece(message, place, canvas, still));
      const began = performance.now() - show.elapsed * 1000;
      let frame = requestAnimationFrame(function draw(now) {
        paint(canvas, pieces, now - began, message.seconds * 1000, still);
        frame = requestAnimationFrame(draw);
      });
      show.tidy(() => {
        cancelAnimationFrame(frame);
        canvas.remove();
        root.hidden = root.childElementCount === 0;
      });
      show.begin();
      await show.pause((message.seconds - show.elapsed) * 1000);
    },
  };
}

// A piece: where it begins, how it falls and turns, and its colour.
function piece(message, place, canvas, still) {
  const size = Math.max(6, canvas.height / 90) * (0.7 + Math.random() * 0.6);
  const last = Math.max(0, message.seconds * 1000 - FALL_MS); // none begins so late that it is hardly seen
  return {
    colour: message.colours[place % message.colours.length],
    width: size,
    height: size * (0.4 + Math.random() * 0.4),
    x: Math.random() * canvas.width,
    y: still ? Math.random() * canvas.height : -size - Math.random() * canvas.height * 0.3,
    begins: still ? 0 : Math.random() * last,
    fall: (canvas.height * (1.3 + Math.random() * 0.5)) / FALL_MS, // pixels in a millisecond
    sway: canvas.width * (0.01 + Math.random() * 0.03),
    pace: 0.002 + Math.random() * 0.003,
    turn: Math.random() * 2 * Math.PI,
  };
}

function paint(canvas, pieces, passed, length, still) {
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const appears = still ? Math.min(1, passed / FADE_MS) : 1;
  pen.globalAlpha = Math.max(0, Math.min(appears, (length - passed) / FADE_MS, 1));
  for (const one of pieces) {
    const own = still ? 0 : passed - one.begins;
    if (own < 0) {
      continue;
    }
    const angle = one.turn + own * one.pace;
    pen.setTransform(1, 0, 0, 1, one.x + Math.sin(angle) * (still ? 0 : one.sway), one.y + own * one.fall);
    pen.rotate(angle);
    pen.scale(1, still ? 1 : Math.cos(own * one.pace * 2)); // it tumbles: seen from its edge, it is a line
    pen.fillStyle = one.colour;
    pen.fillRect(-one.width / 2, -one.height / 2, one.width, one.height);
  }
}
