// A map in words, for people who do not see it. Only the patient's sides are named.

const MIDLINE = 0.05; // share of the width on each side of the middle

/** "upper", "middle" or "lower" third of an unturned image. */
export function thirdOf(y, height) {
  return ["upper", "middle", "lower"][Math.min(2, Math.max(0, Math.floor((3 * y) / height)))];
}

/** The patient's side at an image position, or null near the middle or when it is not known. */
export function patientSide(x, width, laterality) {
  const left = (laterality || "").trim().toUpperCase()[0];
  if (left !== "R" && left !== "L") return null;
  const offset = x / width - 0.5;
  if (Math.abs(offset) < MIDLINE) return null;
  return (left === "R") === offset < 0 ? "right" : "left";
}

/** Where an image point lies: "on the patient's left, in the middle third". */
export function placeInWords(x, y, { width, height, laterality }) {
  const third = `in the ${thirdOf(y, height)} third`;
  const side = patientSide(x, width, laterality);
  if (side) return `on the patient's ${side}, ${third}`;
  if (Math.abs(x / width - 0.5) < MIDLINE) return `near the midline, ${third}`;
  return `off the midline, ${third} (the file states no side)`;
}

/**
 * One to three sentences on what a map shows at the threshold in force.
 * @param {{peak: {x: number, y: number, value: number}, threshold: number, regions: {box: number[], area: number, peak: number}[],
 *   width: number, height: number, laterality: string | null, spacing: object | null,
 *   doubt: "none" | "hidden" | "shown", reason: string, absent: boolean}} shown
 */
export function describeMap(shown) {
  const { peak, threshold, regions, doubt, reason } = shown;
  if (!Number.isFinite(peak.value)) return "The model saw no part of this image.";
  if (doubt === "hidden") return `${reason} No region is drawn.`;
  const parts = doubt === "shown" ? [reason, "Shown anyway:"] : [];
  // The peak of the first region where there is one: the number that stands beside its box.
  const highest = regions[0]?.peak ?? peak.value;
  parts.push(`Peak ${highest.toFixed(2)} ${placeInWords(peak.x, peak.y, shown)}.`);
  if (regions.length === 0) parts.push(`Nothing is above the threshold of ${threshold.toFixed(2)}.`);
  else parts.push(describeRegions(shown));
  if (shown.absent) parts.push("The report says it is absent: the map shows where the model looks, not a finding.");
  return parts.join(" ");
}

function describeRegions({ regions, threshold, spacing }) {
  const area = regions.reduce((total, region) => total + region.area, 0);
  const what = regions.length === 1 ? "One area" : `${regions.length} areas`;
  const together = regions.length === 1 ? "" : "together ";
  const extent = regions.length === 1 && spacing ? `, within ${extentOf(regions[0].box, spacing)}` : "";
  return `${what} above ${threshold.toFixed(2)}: ${together}${share(area)} of the seen image${extent}.`;
}

/** Width times height in centimetres. */
function extentOf([x0, y0, x1, y1], { row, column }) {
  const cm = (length, mm) => ((length * mm) / 10).toFixed(1);
  return `${cm(x1 - x0, column)} \u00d7 ${cm(y1 - y0, row)} cm`;
}

function share(fraction) {
  const percent = 100 * fraction;
  return percent < 1 ? "less than 1\u00a0%" : `${Math.round(percent)}\u00a0%`;
}
