// The magnifier: a round window at the pointer with the film at three times its size.

import { toScreen } from "../maths/view.js";
import { doubtOf, isDrawn } from "./doubt.js";
import { Picture } from "./picture.js";

const RADIUS = 92; // CSS pixels
const TIMES = 3;

/** Draw the magnifier where it is held; it reads the 16-bit levels, not the screen. */
export function drawLens({ g, pane }) {
  const { lens } = pane.viewer.state;
  if (lens?.pane !== pane || !pane.copies) return;
  const [x, y] = toScreen(pane.view, pane.size, lens.x, lens.y);
  const picture = lensPicture(pane);
  picture.resample({ ...pane.view, x: lens.x, y: lens.y, scale: pane.view.scale * TIMES }, pane.copies, pane.info);
  const overlay = isDrawn(pane) && doubtOf(pane) === "none" && pane.viewer.state.opacity > 0;
  if (overlay) picture.resampleMap(pane.map);
  picture.paint(pane.lensCanvas, pane.grey, pane.tint, overlay);
  g.save();
  g.beginPath();
  g.arc(x, y, RADIUS, 0, 2 * Math.PI);
  g.save();
  g.clip();
  g.drawImage(pane.lensCanvas, x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS);
  g.restore();
  g.lineWidth = 2;
  g.strokeStyle = "#e3e9ec";
  g.stroke();
  g.restore();
}

function lensPicture(pane) {
  const side = Math.round(2 * RADIUS * pane.ratio);
  if (pane.lensPicture?.columns !== side) {
    pane.lensPicture = new Picture(side, side, pane.ratio);
    pane.lensCanvas = document.createElement("canvas");
    Object.assign(pane.lensCanvas, { width: side, height: side });
  }
  return pane.lensPicture;
}
