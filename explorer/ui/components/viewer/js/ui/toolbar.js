// The toolbar: a button for every tool and every switch, reachable by one tab stop and arrows.

import { el, setAttribute } from "./dom.js";
import { toggleFullScreen } from "./full_screen.js";
import { icon } from "./icons.js";
import { saveMeasurements, savePicture } from "./save.js";

const TOOLS = [
  ["window", "Window/level", "w"],
  ["pan", "Pan", "p"],
  ["zoom", "Zoom", "z"],
  ["box", "Draw a box", "b"],
  ["ruler", "Ruler", "m"],
  ["angle", "Angle: drag one arm, then the other", "a"],
  ["lens", "Magnifier", "hold g"],
];
const ACTIONS = [
  ["fit", "Fit to the pane", "double click: fit or 1:1", (viewer) => viewer.fit()],
  ["invert", "Invert", "i", (viewer) => viewer.invert()],
  ["flipHorizontal", "Flip left-right", "h", (viewer) => viewer.flip("horizontal")],
  ["flipVertical", "Flip top-bottom", "v", (viewer) => viewer.flip("vertical")],
  ["turnLeft", "Turn left", "l", (viewer) => viewer.turn(-1)],
  ["turnRight", "Turn right", "r", (viewer) => viewer.turn(1)],
  ["reset", "Reset everything", "Space", (viewer) => viewer.reset()],
  ["fullScreen", "Full screen", "f", (viewer) => toggleFullScreen(viewer)],
];
const SAVES = [
  ["picture", "Save picture (PNG, as on screen)", "", (viewer) => savePicture(viewer)],
  ["measurements", "Save measurements (JSON)", "", (viewer) => saveMeasurements(viewer)],
];
const SWITCHES = [
  ["overlay", "Overlay", "hold o hides it"],
  ["contours", "Contour lines", "c"],
  ["regions", "Regions and reference boxes", "", "region"],
];

export class Toolbar {
  constructor(viewer) {
    this.viewer = viewer;
    this.tools = TOOLS.map(([name, label, key]) =>
      button(name, label, key, () => viewer.setTool(name)),
    );
    const made = ([name, label, key, run]) => button(name, label, key, () => run(viewer));
    const actions = ACTIONS.map(made);
    this.invert = actions[1];
    this.switches = SWITCHES.map(([name, label, key, drawn]) =>
      button(drawn ?? (name === "contours" ? "contour" : name), label, key, () => viewer.toggle(name)),
    );
    this.clear = button("clear", "Delete everything drawn by hand", "", () => viewer.deleteAllDrawn());
    const previous = button("previous", "Previous phrase", "[", () => viewer.stepPhrase(-1));
    const next = button("next", "Next phrase", "]", () => viewer.stepPhrase(1));
    this.difference = button("difference", "Difference of two panes", "d", () => viewer.toggleDifference());
    this.difference.classList.add("for-several");
    const help = button("help", "Keys and mouse", "?", () => viewer.sheet.open());
    const group = (label, buttons) => el("div.group", { role: "group", "aria-label": label }, buttons);
    this.node = el("div.toolbar", { role: "toolbar", "aria-label": "Viewer" }, [
      group("Tools", [...this.tools, this.clear]),
      group("View", actions),
      group("Overlay", [...this.switches, this.difference]),
      group("Phrase", [previous, next]),
      group("Save and help", [...SAVES.map(made), help]),
    ]);
    this.roving();
  }

  /** One tab stop; left and right move inside, as toolbars do. */
  roving() {
    const buttons = [...this.node.querySelectorAll("button")];
    buttons.forEach((item, index) => (item.tabIndex = index ? -1 : 0));
    this.node.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const at = buttons.indexOf(event.composedPath()[0]);
      if (!step || at < 0) return;
      const usable = buttons.filter((item) => !item.disabled);
      const next = usable[(usable.indexOf(buttons[at]) + step + usable.length) % usable.length];
      buttons.forEach((item) => (item.tabIndex = item === next ? 0 : -1));
      next.focus();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  refresh() {
    const { state, pane, boxes, measures } = this.viewer;
    TOOLS.forEach(([name], index) => setAttribute(this.tools[index], "aria-pressed", state.tool === name ? "true" : "false"));
    SWITCHES.forEach(([name], index) =>
      setAttribute(this.switches[index], "aria-pressed", state[name] ? "true" : "false"),
    );
    setAttribute(this.invert, "aria-pressed", pane?.info && pane.inverted !== pane.info.inverted ? "true" : "false");
    setAttribute(this.difference, "aria-pressed", state.difference ? "true" : "false");
    this.clear.disabled = boxes.current.length + measures.current.length === 0;
    this.viewer.stage.dataset.tool = state.tool;
  }
}

function button(name, label, key, onclick) {
  const title = key ? `${label} (${key})` : label;
  return el("button.tool", { type: "button", "aria-label": label, title, onclick }, [icon(name)]);
}
