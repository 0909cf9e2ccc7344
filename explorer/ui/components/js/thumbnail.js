// A small grey picture as a canvas.

/**
 * @param {Uint8Array} grey side x side bytes in row order
 * @param {string} label read out by a screen reader; empty for a picture beside its own words
 */
export function thumbnail(grey, side, label = "") {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.className = "thumbnail";
  if (label) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
  } else canvas.setAttribute("aria-hidden", "true");
  const pixels = new ImageData(side, side);
  new Uint32Array(pixels.data.buffer).set(Uint32Array.from(grey, (value) => 0xff000000 | (value * 0x010101)));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}
