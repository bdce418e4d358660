// Lets confetti fall on the overlay, drawn on a canvas above everything else. `tools` are the overlay's own: a pause, a
// wait that ends with the show, and the report that it has begun. Where the browser is set to show less motion, the pieces
// lie where they are and fade.
"use strict";

const FADE_MS = 700; // at the end, what still falls fades
const FALL_MS = 2600; // how long a piece takes from the top to the bottom, about

async function showConfetti(message, mine, tools) {
  const canvas = document.createElement("canvas");
  canvas.id = "confetti";
  canvas.width = window.innerWidth;
  canvas.height = window.innerHeight;
  Object.assign(canvas.style, { position: "fixed", inset: "0", zIndex: "2", pointerEvents: "none" });
  mine.tidy.push(() => canvas.remove());
  await tools.notOver(mine);
  document.body.append(canvas);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  canvas.dataset.still = String(still);
  const pieces = Array.from({ length: message.amount }, (_, place) => piece(message, place, canvas, still));
  const begun = performance.now();
  const draw = (now) => {
    if (mine.over) {
      return;
    }
    drawPieces(canvas, pieces, Math.max(0, now - begun), message.seconds * 1000, still);
    requestAnimationFrame(draw);
  };
  draw(begun);
  tools.started(message, mine);
  await tools.pause(message.seconds * 1000);
}

// Return a piece: where it begins, how it falls and turns, and its colour.
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

function drawPieces(canvas, pieces, passed, length, still) {
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
