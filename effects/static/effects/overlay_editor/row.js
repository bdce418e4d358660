// A row of the form's widgets. Its fields hold what is sent: the stage reads them, and writes into them.

const SIDES = ["x", "y", "width", "height"];
let made = 0;

export class Row {
  constructor(element) {
    this.element = element;
    this.last = { x: 0, y: 0, width: 100, height: 100, order: 0, scale: 1 };
    this.isPlaced = this.isStored; // somebody or something has chosen its place
    made += 1;
    this.newName = `new:${made}`; // no stored one has a colon
  }

  field(name) {
    return this.element.querySelector(`[name$="-${name}"]`);
  }

  get isStored() {
    return this.field("id").value !== "";
  }

  // The name under which the overlay's page in the frame has it.
  get frameName() {
    return this.isStored ? this.field("name").defaultValue : this.newName;
  }

  // Whether its widget is not stored, or not with these options.
  get isChanged() {
    const [stored] = [...this.field("kind").options].filter((option) => option.defaultSelected);
    const { defaultValue } = this.field("options");
    const isSame = this.kind === stored?.value && JSON.stringify(this.options) === JSON.stringify(parsed(defaultValue));
    return this.options !== null && !(this.isStored && isSame);
  }

  // An object, or null where none was typed.
  get options() {
    return parsed(this.field("options").value);
  }

  get kind() {
    return this.field("kind").value;
  }

  get label() {
    const { selectedOptions } = this.field("kind");
    return this.field("name").value || selectedOptions[0]?.textContent || "widget";
  }

  get isShown() {
    return this.field("enabled").checked;
  }

  get isDeleted() {
    return this.field("DELETE")?.checked === true;
  }

  // Place, order and scale, as numbers; where a field holds none, what it held last.
  get place() {
    Object.keys(this.last).forEach((name) => {
      const { value } = this.field(name);
      if (value.trim() !== "" && Number.isFinite(Number(value))) {
        this.last[name] = Number(value);
      }
    });
    return { ...this.last };
  }

  set place(place) {
    this.isPlaced = true;
    SIDES.filter((side) => side in place).forEach((side) => {
      this.field(side).value = String(Number(place[side].toFixed(2)));
    });
  }
}

function parsed(text) {
  try {
    const value = JSON.parse(text || "{}") ?? {}; // a new row's is null
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export function isRow(element) {
  // Who may only look has no fields, and the row that new ones are copied from is none.
  return !element.classList.contains("empty-form") && element.querySelector("[name$='-width']") !== null;
}
