// Window/level: from stored levels to shown grey, as DICOM PS3.3 C.11.2 defines it.

const LEVELS = 65536;

/** Shown brightness in [0, 1] of a modality value, before inversion. */
export function windowed(value, window) {
  const { center, width } = window;
  if (window.kind === "table") {
    const { values, first } = window;
    return values[Math.min(Math.max(Math.round(value - first), 0), values.length - 1)];
  }
  if (window.function === "SIGMOID") return 1 / (1 + Math.exp((-4 * (value - center)) / width));
  const exact = window.function === "LINEAR_EXACT";
  const middle = exact ? center : center - 0.5;
  const span = exact ? width : width - 1;
  if (span <= 0) return value > middle ? 1 : 0;
  return Math.min(Math.max((value - middle) / span + 0.5, 0), 1);
}

/** Grey 0..255 of every stored level: one look-up a pixel, whatever the window is. */
export function greyTable(window, { slope, intercept, inverted }) {
  const table = new Uint8Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const shown = windowed(level * slope + intercept, window);
    table[level] = Math.round(255 * (inverted ? 1 - shown : shown));
  }
  return table;
}

/** A window that runs from black at `low` to white at `high`; never narrower than a thousandth. */
export function windowBetween(low, high, name = "") {
  const width = Math.max(high - low, 1e-3);
  return { kind: "window", name, center: (low + high) / 2, width, function: "LINEAR_EXACT" };
}

/** A plain window over the span of a look-up table, to drag from. */
export function asPlainWindow(window) {
  if (window.kind !== "table") return window;
  return windowBetween(window.first, window.first + window.values.length - 1);
}

/**
 * Drag: right widens (less contrast), down raises the centre (darker when not inverted).
 * 512 CSS pixels move by the full range of the image.
 */
export function dragWindow(start, dx, dy, range) {
  const step = range / 512;
  const plain = asPlainWindow(start);
  const least = Math.max(range / 2048, 1e-3);
  return {
    kind: "window",
    name: "",
    function: plain.function === "SIGMOID" ? "SIGMOID" : "LINEAR_EXACT",
    center: plain.center + dy * step,
    width: Math.max(plain.width + dx * step, least),
  };
}

/** The presets in key order: the file's first window, then percentile ranges, then its others. */
export function presets(windows, percentiles) {
  const named = (window, index) => window.name || (index === 0 ? "File window" : `File window ${index + 1}`);
  const range = (low, high, name) => windowBetween(percentiles[low], percentiles[high], name);
  return [
    { ...windows[0], name: named(windows[0], 0), file: true },
    range("0", "100", "Full range"),
    range("0.1", "99.9", "0.1 to 99.9 %"),
    range("1", "99", "1 to 99 %"),
    range("2", "98", "2 to 98 %"),
    range("5", "95", "5 to 95 %"),
    ...windows.slice(1).map((window, index) => ({ ...window, name: named(window, index + 1), file: true })),
  ];
}

/** A modality value or width in as many digits as its range needs. */
export function formatValue(value, range) {
  const digits = range >= 100 ? 0 : range >= 1 ? 2 : 4;
  return value.toFixed(digits);
}
