// Hands chosen files to Streamlit's own file fields, which stay out of sight: they bring the
// upload, its checks and its session. Two fields take turns; Python empties a field by replacing
// it as soon as its files were taken over, so files of one study never stay for the next.

const FIELDS = ["drop_a", "drop_b"];
const LOOK_AGAIN_MS = 120;

export class Handover {
  constructor() {
    this.used = new WeakSet();
    this.waiting = [];
    this.timer = null;
  }

  /** Send a batch now, or as soon as a field is free. */
  give(files, joins = false) {
    this.waiting.push({ files, joins });
    this.work();
  }

  work() {
    clearTimeout(this.timer);
    while (this.waiting.length) {
      const { files, joins } = this.waiting[0];
      const input = this.freeField(joins ? ["add"] : FIELDS);
      if (!input) {
        this.timer = setTimeout(() => this.work(), LOOK_AGAIN_MS);
        return;
      }
      this.waiting.shift();
      this.used.add(input);
      const carrier = new DataTransfer();
      for (const file of files) carrier.items.add(file);
      input.files = carrier.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  freeField(names) {
    for (const name of names) {
      const input = document.querySelector(`.st-key-field_${name} input[type="file"]`);
      if (input && !input.disabled && !this.used.has(input)) return input;
    }
    return null;
  }
}
