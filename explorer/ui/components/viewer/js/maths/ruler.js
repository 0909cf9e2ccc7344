// Lengths on the radiograph: millimetres only when the file states a spacing, else pixels.

/**
 * Length of the line between two image points, with the source of its unit.
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @param {{row: number, column: number, source: string} | null} spacing
 */
export function lineLength([x0, y0], [x1, y1], spacing) {
  if (!spacing) return { value: Math.hypot(x1 - x0, y1 - y0), unit: "px", source: "no spacing in the file" };
  const value = Math.hypot((x1 - x0) * spacing.column, (y1 - y0) * spacing.row);
  return { value, unit: "mm", source: spacing.source };
}

/**
 * Angle in degrees, [0, 180], between the arms from `vertex` to two other points; measured in
 * millimetres where the file states them, since pixels need not be square.
 */
export function angleBetween(from, vertex, to, spacing) {
  const arm = ([x, y]) => {
    const dx = (x - vertex[0]) * (spacing?.column ?? 1);
    const dy = (y - vertex[1]) * (spacing?.row ?? 1);
    return Math.atan2(dy, dx);
  };
  const turn = (Math.abs(arm(from) - arm(to)) * 180) / Math.PI;
  return turn > 180 ? 360 - turn : turn;
}

/** A length or an angle in few words: "12.3 mm", "240 px", "37.5°". */
export function shortLength({ value, unit }) {
  return `${value.toFixed(unit === "mm" ? 1 : 0)} ${unit}`;
}

/**
 * The longest round length (1, 2 or 5 times a power of ten) that fits on the screen.
 * @param {number} scale CSS pixels an image pixel
 * @param {number | null} mm millimetres an image pixel along the screen's width; null when unknown
 * @param {number} most CSS pixels that the bar may take
 * @returns {{length: number, text: string}} length in CSS pixels, text "50 mm" or "200 px"
 */
export function scaleBar(scale, mm, most) {
  const unit = mm === null ? "px" : "mm";
  const each = scale / (mm ?? 1); // CSS pixels a unit
  const power = 10 ** Math.floor(Math.log10(most / each));
  const round = [5, 2, 1].find((factor) => factor * power * each <= most) * power;
  const text = unit === "mm" && round < 1 ? round.toFixed(1) : String(Math.round(round));
  return { length: round * each, text: `${text} ${unit}` };
}
