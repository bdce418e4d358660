// The stage: puts the widgets of the first message where they belong, and hands on what is for them.

// At this width and height widgets have the size that they were designed at.
const WIDTH = 1920;
const HEIGHT = 1080;
const LETTER = 20; // pixels of 1rem there

export class Stage {
  constructor(root) {
    this.root = root;
    this.widgets = new Map(); // name -> { element, told, mounted }
    this.theme = "";
    this.alone = false;
    this.moved = new Map(); // name -> where the dashboard's editor has put it for now
    window.addEventListener("resize", () => this.size());
  }

  // Build what the bot's first message tells, or change what is there to it.
  async arrange({ theme, widgets, alone }) {
    this.theme = theme;
    this.alone = alone;
    document.documentElement.dataset.theme = theme;
    const names = new Set(widgets.map((told) => told.name));
    [...this.widgets.keys()].filter((name) => !names.has(name)).forEach((name) => this.remove(name));
    const loaded = await Promise.all(widgets.map(load));
    widgets.forEach((told, place) => this.put(told, loaded[place]));
    this.size();
  }

  remove(name) {
    const { element, mounted } = this.widgets.get(name);
    mounted.unmount?.();
    element.remove();
    this.widgets.delete(name);
  }

  put(told, script) {
    if (script === null) {
      return;
    }
    const there = this.widgets.get(told.name);
    if (there && there.told.kind === told.kind) {
      there.told = told;
      this.place(there.element, told);
      there.mounted.update?.(told.snapshot);
      return;
    }
    if (there) {
      this.remove(told.name);
    }
    const element = document.createElement("section");
    element.id = told.name;
    element.className = `widget widget-${told.kind}`;
    this.place(element, told);
    this.root.append(element);
    const mounted = script.mount(element, told.snapshot, { theme: this.theme });
    this.widgets.set(told.name, { element, told, mounted });
  }

  // Have widgets elsewhere than the bot says, until the page is loaded again.
  move(places) {
    this.moved = new Map(places.map((one) => [one.name, one]));
    this.widgets.forEach(({ element, told }) => this.place(element, told));
  }

  place(element, told) {
    const now = { ...told, ...this.moved.get(told.name) };
    element.classList.toggle("unseen", now.unseen === true);
    if (now.unseen) {
      return;
    }
    const box = this.alone ? { x: 0, y: 0, width: 100, height: 100 } : now;
    element.style.left = `${box.x}%`;
    element.style.top = `${box.y}%`;
    element.style.width = `${box.width}%`;
    element.style.height = `${box.height}%`;
    element.style.zIndex = now.order;
    element.style.setProperty("--scale", now.scale);
  }

  // Letters grow with the page. A widget that is alone fills it: as large as it would be in its box on the whole.
  size() {
    const alone = this.alone && [...this.widgets.values()].find(({ told }) => !told.unseen)?.told;
    const wide = alone ? innerWidth / ((WIDTH * Math.max(1, alone.width)) / 100) : 0;
    const high = alone ? innerHeight / ((HEIGHT * Math.max(1, alone.height)) / 100) : 0;
    const factor = alone ? Math.min(wide, high) : Math.min(innerWidth, innerHeight) / HEIGHT;
    document.documentElement.style.fontSize = `${Math.max(4, LETTER * factor)}px`;
  }

  // The mounted widgets that play such a message.
  players(show) {
    const all = [...this.widgets.values()];
    return all.filter(({ told, mounted }) => told.plays.includes(show) && mounted.play).map(({ mounted }) => mounted);
  }

  update(name, data) {
    this.widgets.get(name)?.mounted.update?.(data);
  }

  events(events) {
    this.widgets.forEach(({ mounted }) => mounted.events?.(events));
  }

  silence() {
    this.widgets.forEach(({ mounted }) => mounted.silence?.());
  }
}

// Load a widget's script and style. One that fails must not keep the others from being shown.
async function load(told) {
  if (!document.querySelector(`link[href="${told.style}"]`)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = told.style;
    document.head.append(link);
  }
  try {
    return await import(told.script);
  } catch (error) {
    console.error(`the widget ${told.name} could not be loaded: ${error.message}`);
    return null;
  }
}
