// A figure as a list of shapes, drawn on a canvas or written as SVG: both look the same.
//
// A shape is { kind: "image" | "path" | "rect" | "text" | "ramp" | "clip", ... } in CSS pixels.

const FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

const ON_CANVAS = {
  image: (g, { canvas, x, y, width, height }) => g.drawImage(canvas, x, y, width, height),
  rect: (g, { x, y, width, height, fill }) => {
    g.fillStyle = fill;
    g.fillRect(x, y, width, height);
  },
  path: (g, { lines, stroke, width, dash = [] }) => {
    g.beginPath();
    for (const line of lines) line.forEach(([x, y], at) => (at ? g.lineTo(x, y) : g.moveTo(x, y)));
    g.setLineDash(dash);
    g.strokeStyle = stroke;
    g.lineWidth = width;
    g.lineJoin = "round";
    g.stroke();
    g.setLineDash([]);
  },
  text: (g, { x, y, text, size = 12, bold = false, fill = "#000", anchor = "start", halo = null }) => {
    g.font = `${bold ? 700 : 400} ${size}px ${FONT}`;
    g.textAlign = anchor === "middle" ? "center" : anchor;
    if (halo) {
      g.lineWidth = 3;
      g.strokeStyle = halo;
      g.strokeText(text, x, y);
    }
    g.fillStyle = fill;
    g.fillText(text, x, y);
  },
  ramp: (g, { x, y, width, height, colours }) => {
    const fill = g.createLinearGradient(0, y + height, 0, y);
    colours.forEach((colour, at) => fill.addColorStop(at / (colours.length - 1), colour));
    g.fillStyle = fill;
    g.fillRect(x, y, width, height);
  },
  clip: (g, { x, y, width, height, shapes }) => {
    g.save();
    g.beginPath();
    g.rect(x, y, width, height);
    g.clip();
    for (const shape of shapes) ON_CANVAS[shape.kind](g, shape);
    g.restore();
  },
};

/** Draw a scene; resolves to a PNG of `ratio` pixels a CSS pixel. */
export function asPng({ width, height, shapes }, ratio = 2) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const g = canvas.getContext("2d");
  g.scale(ratio, ratio);
  for (const shape of shapes) ON_CANVAS[shape.kind](g, shape);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/** Write a scene as one SVG file; radiographs are embedded as PNG. */
export function asSvg({ width, height, shapes, title }) {
  const count = { defs: [], number: 0 };
  const body = shapes.map((shape) => IN_SVG[shape.kind](shape, count)).join("\n");
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}">\n<title>${escaped(title)}</title>\n<defs>${count.defs.join("")}</defs>\n${body}\n</svg>\n`;
  return new Blob([text], { type: "image/svg+xml" });
}

const box = ({ x, y, width, height }) => `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;

const IN_SVG = {
  image: (shape) => `<image ${box(shape)} preserveAspectRatio="none" href="${shape.canvas.toDataURL("image/png")}"/>`,
  rect: (shape) => `<rect ${box(shape)} fill="${shape.fill}"/>`,
  path: ({ lines, stroke, width, dash = [] }) => {
    const d = lines.map((line) => `M${line.map(([x, y]) => `${round(x)} ${round(y)}`).join("L")}`).join("");
    return `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linejoin="round"${dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : ""}/>`;
  },
  text: ({ x, y, text, size = 12, bold = false, fill = "#000", anchor = "start", halo = null }) =>
    `<text x="${round(x)}" y="${round(y)}" font-size="${size}"${bold ? ' font-weight="700"' : ""} fill="${fill}" text-anchor="${anchor}"${halo ? ` stroke="${halo}" stroke-width="3" paint-order="stroke"` : ""}>${escaped(text)}</text>`,
  ramp: (shape, count) => {
    const id = `ramp-${(count.number += 1)}`;
    const stops = shape.colours.map((colour, at) => `<stop offset="${round(at / (shape.colours.length - 1))}" stop-color="${colour}"/>`);
    count.defs.push(`<linearGradient id="${id}" x1="0" y1="1" x2="0" y2="0">${stops.join("")}</linearGradient>`);
    return `<rect ${box(shape)} fill="url(#${id})"/>`;
  },
  clip: (shape, count) => {
    const id = `clip-${(count.number += 1)}`;
    count.defs.push(`<clipPath id="${id}"><rect ${box(shape)}/></clipPath>`);
    return `<g clip-path="url(#${id})">${shape.shapes.map((inner) => IN_SVG[inner.kind](inner, count)).join("\n")}</g>`;
  },
};

function round(value) {
  return Number(value.toFixed(2));
}

/** Text of others as text: nothing in a phrase becomes markup. */
function escaped(text) {
  // eslint-disable-next-line no-control-regex
  return String(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
