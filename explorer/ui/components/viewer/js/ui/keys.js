// The keys, as one table: what the handler runs and what the key sheet prints.

import { toggleFullScreen } from "./full_screen.js";

const TOOLS = { w: "window", p: "pan", z: "zoom", b: "box", m: "ruler", a: "angle" };

/** Groups of [keys as printed, what they do]. */
export const KEY_SHEET = [
  ["Tools (left drag)", [
    ["w", "Window/level: right = wider, down = darker"],
    ["p", "Pan (also middle drag or Shift + drag with any tool)"],
    ["z", "Zoom: drag up = larger"],
    ["b", "Box: live CNR, IoU and pointing game against the shown map"],
    ["m, a", "Ruler; angle: drag one arm, then the other"],
    ["hold g", "Magnifier at the pointer"],
  ]],
  ["View", [
    ["wheel, +, -", "Zoom (the wheel at the cursor), never below fit"],
    ["double click", "Fit, or one image pixel a screen pixel"],
    ["Space", "Reset everything but what was drawn"],
    ["f", "Full screen"],
    ["PageUp, PageDown", "Previous, next radiograph of the study"],
    ["arrows", "Pan; with the window tool: width and level"],
    ["i", "Invert"],
    ["h, v", "Flip left-right, top-bottom"],
    ["r, l", "Turn right, left"],
    ["1 to 9", "Windows, numbered as in the list: 1 the file's, 2 full range, 3 to 6 percentiles, 7 to 9 other windows of the file"],
  ]],
  ["Map", [
    ["hold o", "Hide everything but the radiograph"],
    ["c", "Contour lines on or off"],
    ["d", "Difference of two panes on or off"],
    ["t, Shift + t", "Threshold up, down"],
    ["s", "Show a map although its badge is raised, or hide it again"],
    ["[, ]", "Previous, next phrase"],
  ]],
  ["Boxes, rulers, angles", [
    ["Enter", "With the box tool: a box in the middle"],
    ["arrows, Shift + arrows", "With the box tool: move, resize the newest box"],
    ["Backspace", "Delete the newest box, ruler or angle"],
    ["Esc", "Cancel what is being drawn"],
  ]],
  ["", [["?", "This sheet"]]],
];

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Keys that work while they are held. */
const HELD = {
  o: { down: (viewer) => viewer.hold(true), up: (viewer) => viewer.hold(false) },
  g: { down: (viewer) => viewer.lensAtPointer(), up: (viewer) => viewer.hideLens() },
};

/** Run the command of a key; returns whether there was one. */
function runKey(viewer, event) {
  const { key, shiftKey } = event;
  const lower = key.length === 1 ? key.toLowerCase() : key;
  if (key in ARROWS) return viewer.arrow(...ARROWS[key], shiftKey), true;
  if (key === "?") return viewer.sheet.open(), true;
  if (key === "T" || (lower === "t" && shiftKey)) return viewer.stepThreshold(-0.02), true;
  if (lower in TOOLS) return viewer.setTool(TOOLS[lower]), true;
  if (/^[1-9]$/.test(key)) return viewer.setPreset(Number(key) - 1), true;
  const commands = {
    "+": () => viewer.zoomBy(1.25),
    "=": () => viewer.zoomBy(1.25),
    "-": () => viewer.zoomBy(0.8),
    " ": () => viewer.reset(),
    i: () => viewer.invert(),
    h: () => viewer.flip("horizontal"),
    v: () => viewer.flip("vertical"),
    r: () => viewer.turn(1),
    l: () => viewer.turn(-1),
    c: () => viewer.toggle("contours"),
    d: () => viewer.toggleDifference(),
    t: () => viewer.stepThreshold(0.02),
    s: () => viewer.toggleAnyway(),
    f: () => toggleFullScreen(viewer),
    PageUp: () => viewer.desk.stepFilm(-1),
    PageDown: () => viewer.desk.stepFilm(1),
    "[": () => viewer.stepPhrase(-1),
    "]": () => viewer.stepPhrase(1),
    Enter: () => viewer.addMiddleBox(),
    Backspace: () => viewer.deleteNewest(),
    Delete: () => viewer.deleteNewest(),
    Escape: () => viewer.cancel(),
  };
  if (!(lower in commands)) return false;
  commands[lower]();
  return true;
}

/** Listen on the viewer only: keys typed elsewhere on the page are left alone. */
export function listenToKeys(root, viewer) {
  root.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.composedPath()[0];
    const editing = target.matches?.("input, select, textarea") || target.closest?.("dialog");
    if (editing) {
      // Seen from outside, the target is the viewer and not the field: Streamlit would take a
      // typed "c" or "r" for its own shortcuts.
      event.stopPropagation();
      return;
    }
    const held = HELD[event.key.toLowerCase()];
    if (held) {
      held.down(viewer);
      event.preventDefault();
      return;
    }
    // Enter and Space press buttons and open details; they are ours on the image only.
    const onImage = target.matches?.(".marks");
    if ((event.key === "Enter" || event.key === " ") && !onImage) return;
    if (runKey(viewer, event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  root.onkeyup = (event) => HELD[event.key.toLowerCase()]?.up(viewer);
  root.addEventListener("focusout", (event) => {
    if (root.contains(event.relatedTarget)) return;
    for (const { up } of Object.values(HELD)) up(viewer);
  });
}
