// A map in words, for people who do not see it.

/** Zone of an unturned image, with the limits that the phrases "upper, mid, lower" use here. */
export function partOfImage(x, y, width, height) {
  const row = y < 0.38 * height ? "upper" : y < 0.55 * height ? "middle" : "lower";
  const column = x < 0.45 * width ? "left" : x < 0.55 * width ? "central" : "right";
  return `${row} ${column} part`;
}

/** The patient's side at an image position, or null near the middle or when it is not known. */
export function patientSide(x, width, laterality) {
  const left = (laterality || "").trim().toUpperCase()[0];
  if (left !== "R" && left !== "L") return null;
  const offset = x / width - 0.5;
  if (Math.abs(offset) < 0.05) return null;
  return (left === "R") === offset < 0 ? "right" : "left";
}

/**
 * One or two sentences on what a map shows.
 * @param {{peak: {x: number, y: number, value: number}, threshold: number, regions: {box: number[], area: number}[],
 *   width: number, height: number, laterality: string | null, abstain: boolean, absent: boolean}} shown
 */
export function describeMap(shown) {
  const { peak, threshold, regions, width, height, laterality } = shown;
  if (!Number.isFinite(peak.value)) return "The model saw no part of this image.";
  const side = patientSide(peak.x, width, laterality);
  const where = `${partOfImage(peak.x, peak.y, width, height)} of the image`;
  const whose = side ? `, on the patient's ${side}` : "";
  const parts = [`Highest similarity in the ${where}${whose}: score ${peak.value.toFixed(2)}.`];
  const count = regions.length;
  if (count === 0) parts.push(`No region reaches the threshold of ${threshold.toFixed(2)}.`);
  if (count === 1) parts.push(`One region, ${share(regions[0].area)} of the seen image.`);
  if (count > 1) {
    const area = regions.reduce((total, region) => total + region.area, 0);
    parts.push(`${count} regions, together ${share(area)} of the seen image.`);
  }
  if (shown.absent) parts.push("Stated absent: the map shows where the model looks, not a finding.");
  if (shown.abstain) parts.push("The controls advise against reading this map as a location.");
  return parts.join(" ");
}

function share(fraction) {
  const percent = 100 * fraction;
  return percent < 1 ? "less than 1\u00a0%" : `${Math.round(percent)}\u00a0%`;
}
