// The options of the widget whose box was chosen last, or whose row's button led here, as fields below the stage. The row's
// text field holds them as JSON and is what the form sends; without scripts they are edited there.
import { field } from "../../pixelbot_site/effects_editor/fields.js";
import { button } from "../../pixelbot_site/effects_editor/page.js";

export class Options {
  constructor(panel, specs, told) {
    this.panel = panel;
    this.heading = panel.querySelector("h3");
    this.fields = panel.querySelector(".fields");
    this.specs = specs; // by kind
    this.row = null;
    // What is wrong, the server says beside the row when it is saved.
    this.editor = { wrong: () => [], announce: (sentence) => { told.textContent = sentence; } };
  }

  // Put a button that leads here in place of a row's text field.
  join(row) {
    const area = row.field("options");
    const edit = button("Options", "", () => {
      this.show(row);
      this.panel.querySelector("input, select, textarea, button")?.focus();
    });
    area.after(edit);
    const draw = () => {
      const known = this.specs[row.kind] ?? [];
      const readable = row.options !== null;
      area.hidden = readable;
      edit.hidden = !readable || known.length === 0;
      edit.ariaLabel = `Options of ${row.label}`;
    };
    row.field("kind").addEventListener("change", () => {
      draw();
      this.show(row);
    });
    row.field("name").addEventListener("input", () => {
      draw();
      this.show(this.row); // its heading
    });
    area.addEventListener("change", draw);
    draw();
  }

  // Show the options of this row; null: of none.
  show(row) {
    const values = row && !row.isDeleted ? row.options : null;
    const known = (values && this.specs[row.kind]) || [];
    this.panel.hidden = known.length === 0;
    if (this.row === row && this.kind === row?.kind && !this.panel.hidden) {
      this.heading.textContent = `Options of ${row.label}`;
      return; // somebody may be typing here
    }
    [this.row, this.kind] = [row, row?.kind];
    this.heading.textContent = row ? `Options of ${row.label}` : "";
    const keep = () => {
      const area = row.field("options");
      area.value = JSON.stringify(values);
      area.dispatchEvent(new Event("input", { bubbles: true }));
    };
    this.fields.replaceChildren(...known.map((spec) => field(this.editor, spec, values, null, 1, keep)));
  }
}

export function optionsOf(stage, told) {
  const data = document.getElementById("stage-options"); // who may only look has none
  return data && new Options(stage.querySelector(".options"), JSON.parse(data.textContent), told);
}
