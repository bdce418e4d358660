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
    this.told = new Map(); // name -> what the bot said of the widget
    this.moved = new Map(); // name -> where the dashboard's editor has put it for now
    this.drafts = new Map(); // name -> what the editor has of it for now, in place of what the bot said
    window.addEventListener("resize", () => this.size());
  }

  // Build what the bot's first message tells, or change what is there to it.
  async arrange({ theme, widgets, alone }) {
    this.theme = theme;
    this.alone = alone;
    document.documentElement.dataset.theme = theme;
    this.told = new Map(widgets.map((told) => [told.name, told]));
    const all = new Map([...this.told, ...this.drafts]);
    [...this.widgets.keys()].filter((name) => !all.has(name)).forEach((name) => this.remove(name));
    await this.putAll([...all.values()]);
    this.size();
  }

  // Show these widgets in place of the bot's of the same names, and beside its others; those that are gone, as it said.
  async draft(widgets) {
    const before = [...this.drafts.keys()];
    this.drafts = new Map(widgets.map((told) => [told.name, told]));
    const gone = before.filter((name) => !this.drafts.has(name));
    gone.filter((name) => !this.told.has(name)).forEach((name) => this.remove(name));
    await this.putAll([...gone.map((name) => this.told.get(name)).filter(Boolean), ...widgets]);
  }

  async putAll(widgets) {
    const loaded = await Promise.all(widgets.map(load));
    widgets.forEach((told, place) => this.put(told, loaded[place]));
  }

  remove(name) {
    if (!this.widgets.has(name)) {
      return;
    }
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
    const told = this.told.get(name);
    if (told) {
      told.snapshot = data;
    }
    if (!this.drafts.has(name)) {
      this.widgets.get(name)?.mounted.update?.(data);
    }
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
