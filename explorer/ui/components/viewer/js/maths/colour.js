// Colour maps and the one table that turns a map value into a tint.

// Evenly spaced colours between which the maps are linear. magma and viridis (van der Walt and
// Smith, CC0) have even steps in lightness; RdBu (ColorBrewer, reversed) has white at zero.
const ANCHORS = {
  magma: `
    000004 030312 0a0822 130d34 1d1147 29115a 36106b 440f76 51127c 5d177f 6a1c81
    762181 832681 902a81 9c2e7f aa337d b73779 c23b75 cf4070 db476a e55064 ee5b5e
    f4695c f9785d fb8761 fd9668 fea571 feb47b fec287 fed194 fde0a1 fceeb0 fcfdbf`,
  viridis: `
    440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d
    2f6b8e 2c728e 297a8e 26828e 23898e 21918c 1f978b 1f9f88 21a685 27ad81 31b57b
    3dbc74 4cc26c 5cc863 6ece58 81d34d 95d840 aadc32 c0df25 d5e21a eae51a fde725`,
  // Zero in the middle, told apart by people who see no red and green (ColorBrewer PuOr, reversed).
  PuOr: `
    2d004b 542788 8073ac b2abd2 d8daeb f7f7f7 fee0b6 fdb863 e08214 b35806 7f3b08`,
  RdBu_r: `
    053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f`,
};

export const COLOUR_MAPS = Object.fromEntries(
  Object.entries(ANCHORS).map(([name, text]) => [name, text.trim().split(/\s+/).map(parseColour)]),
);

/** [red, green, blue] 0..255 of "rrggbb" or "#rrggbb". */
export function parseColour(hex) {
  const value = parseInt(hex.replace("#", ""), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Colour of a position in [0, 1], as three numbers 0..255. */
export function colourAt(name, position) {
  const anchors = COLOUR_MAPS[name];
  const at = Math.min(Math.max(position, 0), 1) * (anchors.length - 1);
  const below = Math.min(Math.floor(at), anchors.length - 2);
  const share = at - below;
  return anchors[below].map((channel, k) => channel + (anchors[below + 1][k] - channel) * share);
}

/** CSS gradient of a colour map, lowest value at the start. */
export function gradient(name, direction = "to top") {
  const stops = COLOUR_MAPS[name].map(([r, g, b]) => `rgb(${r} ${g} ${b})`);
  return `linear-gradient(${direction}, ${stops.join(", ")})`;
}

/** Index 1..65535 of a value between `low` and `high`; 0 is kept for "not seen". */
export function overlayIndex(value, low, high) {
  const position = Math.min(Math.max((value - low) / (high - low), 0), 1);
  return 1 + Math.round(position * 65534);
}

/**
 * For every overlay index: the tint times its opacity, and what is left of the grey (0..256).
 * shown = tint[i] + (grey * left[i] >> 8) in each channel: linear blending, 0 = image only,
 * 1 = overlay only. Values below `cut` and index 0 get no tint.
 * @param {[number, number] | null} gap values between these get no tint either
 * @param {(value: number) => number} place position in the colour map, [0, 1], of a map value
 */
export function tintTable({ map, low, high, cut, opacity, gap = null, place = (value) => (value - low) / (high - low) }) {
  const tint = new Uint32Array(65536);
  const left = new Uint16Array(65536).fill(256);
  const rest = Math.round(256 * (1 - opacity));
  const start = cut <= low ? 1 : cut > high ? 65536 : overlayIndex(cut, low, high);
  const steps = scaledSteps(map, 1 - rest / 256, (share) => place(low + share * (high - low)));
  const [from, to] = gap ? gap.map((value) => overlayIndex(value, low, high)) : [0, 0];
  for (let index = start; index < 65536; index++) {
    if (index > from && index < to) continue;
    tint[index] = steps[(index - 1) >> 6];
    left[index] = rest;
  }
  return { tint, left };
}

/** 1024 packed colours of a map, each channel times `share`. */
function scaledSteps(map, share, place) {
  return Uint32Array.from({ length: 1024 }, (_, step) => {
    const [r, g, b] = colourAt(map, place(step / 1023)).map((channel) => Math.floor(channel * share));
    return (b << 16) | (g << 8) | r;
  });
}

/**
 * Paint a rectangle of the screen: grey by table, tint on top.
 * @param {Uint32Array} out RGBA pixels, little-endian
 * @param {Uint16Array} levels resampled 16-bit levels
 * @param {Uint8Array} grey from `greyTable`
 * @param {Uint16Array | null} indices overlay index of each pixel, null for no overlay
 */
export function paint(out, levels, grey, indices, { tint, left }, columns, [x0, y0, x1, y1]) {
  for (let row = y0; row < y1; row++) {
    const end = row * columns + x1;
    for (let at = row * columns + x0; at < end; at++) {
      if (indices === null) {
        out[at] = 0xff000000 | (grey[levels[at]] * 0x010101);
        continue;
      }
      const index = indices[at];
      const base = (grey[levels[at]] * left[index]) >> 8;
      out[at] = 0xff000000 | (base * 0x010101 + tint[index]);
    }
  }
}
