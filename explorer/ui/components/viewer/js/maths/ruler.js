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
