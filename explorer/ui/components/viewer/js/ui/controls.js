// The controls under the image: window by number and preset, quantity, opacity, threshold, lines.

import { asPlainWindow, formatValue } from "../maths/window.js";
import { el, setAttribute, setText, setValue } from "./dom.js";
import { thresholdOf } from "./doubt.js";

const STEPS = [["0.25", "0.25"], ["0.1", "0.1"], ["0.05", "0.05"], ["off", "off"]];

export class Controls {
  constructor(viewer) {
    this.viewer = viewer;
    this.quick = this.makeSliders(); // always in reach, below the film
    this.node = el("div.controls", {}, [this.makeWindow(), this.makeQuantity(), this.makeLook()]);
  }

  makeWindow() {
    const { viewer } = this;
    this.preset = el("select", {
      title: "Keys 1 to 9",
      onchange: () => this.preset.value !== "-1" && viewer.setPreset(Number(this.preset.value)),
    });
    const number = (part) =>
      el("input", { type: "number", step: "any", onchange: (event) => this.typed(part, event.target) });
    this.center = number("center");
    this.width = number("width");
    return el("div.row", { role: "group", "aria-label": "Window" }, [
      labelled("Window", this.preset),
      labelled("Center", this.center),
      labelled("Width", this.width),
    ]);
  }

  /** A number was typed: keep it when it is one, else show the old one again. */
  typed(part, input) {
    const { pane } = this.viewer;
    const value = Number(input.value);
    const usable = input.value !== "" && Number.isFinite(value) && (part === "center" || value > 0);
    if (usable) {
      const plain = asPlainWindow(pane.window);
      this.viewer.setWindow(pane, { ...plain, name: "", [part]: value });
    } else {
      this.viewer.say("A window needs a number, and its width must be above 0.");
      input.value = shownNumber(asPlainWindow(pane.window)[part], pane.range);
    }
  }

  makeQuantity() {
    const { viewer } = this;
    const choice = (name, label, title) =>
      el("button.choice", {
        type: "button", text: label, title,
        onclick: () => viewer.set({ quantity: name }, "tint"),
      });
    this.choices = {
      score: choice("score", "Score", "Calibrated score, 0 to 1"),
      cosine: choice("cosine", "Cosine", "Raw cosine similarity"),
    };
    this.cut = el("input", {
      type: "checkbox",
      onchange: () => {
        const { cut, quantity } = viewer.state;
        viewer.set({ cut: { ...cut, [quantity]: this.cut.checked } }, "tint");
      },
    });
    return el("div.row", { role: "group", "aria-label": "Map" }, [
      el("div.segmented", { role: "group", "aria-label": "Quantity" }, Object.values(this.choices)),
      el("label.check", {}, [this.cut, el("span", { text: "above threshold only" })]),
    ]);
  }

  makeSliders() {
    const { viewer } = this;
    const slider = (name, oninput) =>
      el("input", { type: "range", "aria-label": name, min: "0", max: "1", step: "0.01", oninput });
    this.opacity = slider("Opacity", () => viewer.set({ opacity: Number(this.opacity.value) }, "tint"));
    this.threshold = slider("Threshold", () => viewer.set({ threshold: Number(this.threshold.value) }, "tint"));
    this.opacityValue = el("output");
    this.thresholdValue = el("output");
    this.auto = el("button.choice", {
      type: "button", text: "auto", title: "Back to the phrase's own threshold",
      onclick: () => viewer.set({ threshold: null }, "tint"),
    });
    return el("div.row.sliders", { role: "group", "aria-label": "Overlay" }, [
      labelled("Opacity", this.opacity, this.opacityValue),
      labelled("Threshold", this.threshold, this.thresholdValue),
      this.auto,
    ]);
  }

  makeLook() {
    const { viewer } = this;
    const options = (pairs) => pairs.map(([value, text]) => el("option", { value, text }));
    this.step = el("select", { onchange: () => viewer.set({ step: this.step.value }) }, options(STEPS));
    this.colours = el(
      "select",
      { onchange: () => viewer.set({ colours: this.colours.value }, "tint") },
      options([["magma", "magma"], ["viridis", "viridis"]]),
    );
    return el("div.row", { role: "group", "aria-label": "Look" }, [
      labelled("Lines every", this.step),
      labelled("Colours", this.colours),
    ]);
  }

  refresh() {
    const { state, pane } = this.viewer;
    if (!pane?.info || !pane.window) return;
    this.fillPresets(pane);
    setValue(this.preset, pane.preset);
    const plain = asPlainWindow(pane.window);
    setValue(this.center, shownNumber(plain.center, pane.range));
    setValue(this.width, shownNumber(plain.width, pane.range));
    for (const [name, button] of Object.entries(this.choices)) {
      setAttribute(button, "aria-pressed", state.quantity === name ? "true" : "false");
    }
    this.cut.checked = state.cut[state.quantity];
    setValue(this.opacity, state.opacity);
    setText(this.opacityValue, state.opacity.toFixed(2));
    const threshold = thresholdOf(pane) ?? 0;
    setValue(this.threshold, Math.round(threshold * 100) / 100);
    setText(this.thresholdValue, pane.map ? threshold.toFixed(2) : "\u2013");
    setAttribute(this.auto, "aria-pressed", state.threshold === null ? "true" : "false");
    setValue(this.step, state.step);
    setValue(this.colours, state.colours);
    this.colours.disabled = state.quantity === "cosine";
    this.colours.title = this.colours.disabled ? "The signed cosine is always shown in RdBu" : "";
    for (const input of [this.opacity, this.threshold, this.cut, this.step]) input.disabled = !pane.map;
  }

  fillPresets(pane) {
    if (this.shownPresets === pane.presets) return;
    this.shownPresets = pane.presets;
    const own = el("option", { value: "-1", text: "set by hand", disabled: true });
    const options = pane.presets.map(({ name, file }, index) =>
      el("option", { value: String(index), text: `${index + 1}  ${file ? `${name} (file)` : name}` }),
    );
    this.preset.replaceChildren(...options, own);
  }
}

function shownNumber(value, range) {
  return String(Number(formatValue(value, range)));
}

function labelled(text, input, output = null) {
  return el("label.field", {}, [el("span", { text }), input, output]);
}
