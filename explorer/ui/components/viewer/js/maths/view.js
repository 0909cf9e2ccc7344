// The view: which image point stands in the middle, how large, turned and mirrored how.
//
// view = { x, y: image point in the middle; scale: CSS pixels per image pixel;
//          turns: quarter turns clockwise; mirrored: flipped left-right before turning }

const TURNS = [[1, 0, 0, 1], [0, -1, 1, 0], [-1, 0, 0, -1], [0, 1, -1, 0]];
const MOST_SCALE = 40;
const AT_FIT = 1.001;

/** Matrix [a, b, c, d] of turning and mirroring: screen = (a x + b y, c x + d y). */
export function orientation({ turns, mirrored }) {
  const [a, b, c, d] = TURNS[turns];
  return mirrored ? [-a, b, -c, d] : [a, b, c, d];
}

/** Scale at which the whole image just fits. */
export function fitScale(view, size, image) {
  const upright = view.turns % 2 === 0;
  const width = upright ? image.width : image.height;
  const height = upright ? image.height : image.width;
  return Math.min(size.width / width, size.height / height);
}

/** Show the whole image in the middle; orientation stays. */
export function fitted(view, size, image) {
  return { ...view, x: image.width / 2, y: image.height / 2, scale: fitScale(view, size, image) };
}

/** The view of a newly opened image. */
export function firstView(size, image) {
  return fitted({ x: 0, y: 0, scale: 1, turns: 0, mirrored: false }, size, image);
}

/** Screen point (CSS pixels from the top left) of an image point. */
export function toScreen(view, size, x, y) {
  const [a, b, c, d] = orientation(view);
  const dx = (x - view.x) * view.scale;
  const dy = (y - view.y) * view.scale;
  return [size.width / 2 + a * dx + b * dy, size.height / 2 + c * dx + d * dy];
}

/** Image point under a screen point; the inverse of `toScreen`. */
export function toImage(view, size, sx, sy) {
  const [a, b, c, d] = orientation(view);
  const dx = (sx - size.width / 2) / view.scale;
  const dy = (sy - size.height / 2) / view.scale;
  // The matrix is orthogonal, so its inverse is its transpose.
  return [view.x + a * dx + c * dy, view.y + b * dx + d * dy];
}

/** Whether the whole image is in view, as large as it fits. */
export function isFitted(view, size, image) {
  return view.scale <= fitScale(view, size, image) * AT_FIT;
}

/** Zoom by a factor, keeping the image point under the screen point; never smaller than fit. */
export function zoomedAt(view, size, image, sx, sy, factor) {
  const scale = Math.min(view.scale * factor, MOST_SCALE);
  if (factor <= 1 && isFitted({ ...view, scale }, size, image)) return fitted(view, size, image);
  return scaledAt(view, size, image, sx, sy, scale);
}

/** Fit when enlarged, else one image pixel a screen pixel (twice the fit where that is smaller). */
export function toggledAt(view, size, image, sx, sy, ratio) {
  const fit = fitScale(view, size, image);
  if (!isFitted(view, size, image)) return fitted(view, size, image);
  const whole = 1 / ratio;
  return scaledAt(view, size, image, sx, sy, whole > fit * 1.05 ? whole : 2 * fit);
}

/** Change the scale and keep the image point under a screen point where it is. */
function scaledAt(view, size, image, sx, sy, scale) {
  const [x, y] = toImage(view, size, sx, sy);
  const next = { ...view, scale };
  const [nx, ny] = toImage(next, size, sx, sy);
  return kept({ ...next, x: view.x + x - nx, y: view.y + y - ny }, image);
}

/** Move the image by screen pixels. */
export function panned(view, image, dx, dy) {
  const [a, b, c, d] = orientation(view);
  const x = view.x - (a * dx + c * dy) / view.scale;
  const y = view.y - (b * dx + d * dy) / view.scale;
  return kept({ ...view, x, y }, image);
}

/** Turn by quarter turns clockwise. */
export function turned(view, quarters) {
  return { ...view, turns: (view.turns + quarters + 4) % 4 };
}

/** Flip on the screen: left-right or top-bottom. */
export function flipped(view, axis) {
  const turns = (axis === "horizontal" ? 4 - view.turns : 6 - view.turns) % 4;
  return { ...view, turns, mirrored: !view.mirrored };
}

/** Which patient side ("R", "L" or "?") stands at the left and right edge of the screen. */
export function sidesShown(view, laterality) {
  if (view.turns % 2 === 1) return { left: "", right: "", top: side(laterality, topIsLeft(view)), bottom: side(laterality, !topIsLeft(view)) };
  const [a] = orientation(view);
  return { left: side(laterality, a > 0), right: side(laterality, a < 0), top: "", bottom: "" };
}

function topIsLeft(view) {
  // The image's left edge stands on top when going down the screen goes right in the image.
  return orientation(view)[2] > 0;
}

function side(laterality, atImageLeft) {
  const left = (laterality || "").trim().toUpperCase()[0];
  if (left !== "R" && left !== "L") return "?";
  const other = left === "R" ? "L" : "R";
  return atImageLeft ? left : other;
}

/** Keep the middle of the screen on the image, so that it cannot be lost. */
function kept(view, image) {
  const clamp = (value, high) => Math.min(Math.max(value, 0), high);
  return { ...view, x: clamp(view.x, image.width), y: clamp(view.y, image.height) };
}
