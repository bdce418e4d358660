// Keeps the parts of a page up to date while it is open.
"use strict";
(() => {
  const board = document.getElementById("board");
  const notLive = document.getElementById("not-live");
  const waiting = new Map();
  let pressed = null;
  let pause = 1000;

  function replace(name, html) {
    const part = document.getElementById(`part-${name}`);
    if (!part) return;
    // Not under a finger, nor where somebody has got to by keyboard: the button would be gone before it is pressed.
    if (part === pressed || (part.contains(document.activeElement) && document.activeElement.matches(":focus-visible"))) {
      waiting.set(name, html);
      return;
    }
    waiting.delete(name);
    const open = [...part.querySelectorAll("details[id][open]")].map((details) => details.id);
    part.innerHTML = html;
    for (const details of part.querySelectorAll("details[id]")) details.open = open.includes(details.id);
    play();
  }

  function catchUp() {
    for (const [name, html] of [...waiting]) replace(name, html);
  }

  function play() {
    for (const bar of document.querySelectorAll("progress[data-begin]")) {
      bar.value = Math.min(bar.max, Math.max(0, Date.now() / 1000 - Number(bar.dataset.begin)));
    }
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${board.dataset.live}`);
    socket.onopen = () => { pause = 1000; notLive.hidden = true; };
    socket.onmessage = (event) => {
      for (const [name, html] of Object.entries(JSON.parse(event.data))) replace(name, html);
    };
    socket.onclose = () => {
      notLive.hidden = false;
      setTimeout(connect, pause);
      pause = Math.min(pause * 1.5, 5000);
    };
  }

  document.addEventListener("pointerdown", (event) => { pressed = event.target.closest("section[id^=part-]"); });
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, () => { setTimeout(() => { pressed = null; catchUp(); }, 300); });
  }
  document.addEventListener("focusout", () => setTimeout(catchUp, 0));
  setInterval(play, 250);
  play();
  connect();
})();
