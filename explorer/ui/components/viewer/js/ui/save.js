// Files made in the browser: no rerun, nothing sent.

import { download } from "./download.js";
import { measurements } from "./save_measures.js";
import { pictureOf } from "./save_picture.js";

export async function savePicture(viewer) {
  download(await pictureOf(viewer), "radiograph-with-map.png");
  viewer.say("Picture saved");
}

export function saveMeasurements(viewer) {
  const text = JSON.stringify(measurements(viewer), null, 2);
  download(new Blob([text], { type: "application/json" }), "measurements.json");
  viewer.say("Measurements saved");
}
