// A row of the form's widgets. Its fields hold what is sent: the stage reads them, and writes into them.

const SIDES = ["x", "y", "width", "height"];

export class Row {
  constructor(element) {
    this.element = element;
    this.last = { x: 0, y: 0, width: 100, height: 100, order: 0, scale: 1 };
    this.isPlaced = this.isStored; // somebody or something has chosen its place
  }

  field(name) {
    return this.element.querySelector(`[name$="-${name}"]`);
  }

  get isStored() {
    return this.field("id").value !== "";
  }

  // The name under which the overlay's page has it.
  get storedName() {
    return this.isStored ? this.field("name").defaultValue : "";
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

export function isRow(element) {
  // Who may only look has no fields, and the row that new ones are copied from is none.
  return !element.classList.contains("empty-form") && element.querySelector("[name$='-width']") !== null;
}
