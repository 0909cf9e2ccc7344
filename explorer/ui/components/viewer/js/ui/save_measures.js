// "Save measurements": what was drawn and set, as JSON in pixels of the original and millimetres.

import { doubtOf, reasonOf, thresholdOf } from "./doubt.js";
import { Measures } from "./measures.js";
import { asPlainWindow } from "../maths/window.js";

export const NOTICE = "Research use, not for diagnosis.";

/** One record a pane; films are named by their content, never by a file or a person. */
export function measurements(viewer) {
  return {
    format: "radiograph grounding explorer, measurements",
    version: 1,
    notice: NOTICE,
    panes: viewer.own.filter((pane) => pane.info).map((pane) => paneRecord(viewer, pane)),
  };
}

function paneRecord(viewer, pane) {
  const { info } = pane;
  const { center, width } = asPlainWindow(pane.window);
  const boxes = viewer.boxes.list.filter(({ image }) => image === info.id).map(({ box }) => box);
  return {
    film: { id: info.id, width: info.width, height: info.height, view: info.view, leftEdge: info.laterality, spacing: info.spacing },
    checkpoint: pane.head?.title || pane.title || null,
    window: { center, width, name: pane.preset >= 0 ? pane.presets[pane.preset].name : null, inverted: pane.inverted },
    boxes: boxes.map((box) => ({ box, pixels: "x_min, y_min, x_max, y_max of the original" })),
    measures: viewer.measures.shownOn(pane).map((measure) => Measures.numbers(measure, info.spacing)),
    map: pane.map ? mapRecord(pane, boxes) : null,
  };
}

function mapRecord(pane, boxes) {
  const { map, phrase } = pane;
  const threshold = thresholdOf(pane);
  const doubt = doubtOf(pane);
  return {
    phrase: phrase.text,
    assertion: phrase.assertion,
    score: map.pooled,
    standing: map.standing ?? null,
    threshold,
    ownThreshold: map.threshold,
    badge: doubt === "none" ? null : { raised: true, reason: reasonOf(map), shownAnyway: doubt === "shown" },
    peak: map.peak,
    regions: map.regionsAt(threshold).map(({ box, peak, area }) => ({ box, peak, shareOfSeenImage: area })),
    agreement: boxes.length ? finite(map.agreementWith(boxes, threshold)) : null,
  };
}

/** JSON has no NaN and no infinity. */
function finite(record) {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, typeof value === "number" && !Number.isFinite(value) ? null : value]),
  );
}
