// Boxes from a file of a person: JSON or CSV, in pixels of the original, each checked.

const CORNERS = ["x_min", "y_min", "x_max", "y_max"];
const SIZES = ["x", "y", "width", "height"];
const WORDS = ["phrase", "sentence_text", "label", "text", "finding"];
const EXPECTED =
  "Expected a list of boxes, each with x_min, y_min, x_max, y_max (or x, y, width, height, or box: four numbers) in pixels, and phrase or sentence where it belongs to one.";

/**
 * Read boxes from the text of a file.
 * @param {{width: number, height: number}} film the boxes must lie on
 * @returns {{boxes: {phrase: string | null, sentence: number | null, box: number[]}[], problems: string[]}}
 */
export function readBoxes(text, film) {
  let records;
  try {
    records = /^\s*[[{]/.test(text) ? jsonRecords(JSON.parse(text)) : csvRecords(text);
  } catch (error) {
    return { boxes: [], problems: [error instanceof SyntaxError ? `The file is not JSON: ${error.message}.` : error.message] };
  }
  const boxes = [];
  const problems = [];
  records.forEach((record, index) => {
    const found = boxOf(record);
    const wrong = found ? problemOf(found, film) : `has no four numbers. ${EXPECTED}`;
    if (wrong) problems.push(`Box ${index + 1} ${wrong}`);
    else boxes.push({ box: found, ...phraseOf(record) });
  });
  if (!records.length) problems.push(`The file holds no box. ${EXPECTED}`);
  return { boxes, problems };
}

function jsonRecords(found) {
  if (Array.isArray(found)) return found;
  if (Array.isArray(found.panes)) {
    // What "Save measurements" wrote.
    return found.panes.flatMap(({ boxes = [], map }) => boxes.map(({ box }) => ({ box, phrase: map?.phrase ?? null })));
  }
  if (Array.isArray(found.boxes)) return found.boxes;
  throw new Error(`The file is JSON of another layout. ${EXPECTED}`);
}

function csvRecords(text) {
  const [head, ...lines] = csvLines(text);
  const names = (head ?? []).map((name) => name.trim().toLowerCase());
  const usable = [CORNERS, SIZES].some((needed) => needed.every((name) => names.includes(name)));
  if (!usable) throw new Error(`The first line of a CSV file must name its columns, got ${names.join(", ").slice(0, 120) || "nothing"}. ${EXPECTED}`);
  return lines.map((cells) => Object.fromEntries(names.map((name, at) => [name, cells[at]?.trim() ?? ""])));
}

/** Cells of every line that is not empty; a quoted cell may hold commas, quotes and line ends. */
function csvLines(text) {
  const lines = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/y;
  while (cell.lastIndex < text.length) {
    const [, quoted, plain, end] = cell.exec(text) ?? [null, "", "", "\n"];
    lines.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ",") lines.push([]);
    if (cell.lastIndex === 0) break;
  }
  return lines.filter((cells) => cells.some((value) => value.trim()));
}

function boxOf(record) {
  if (record === null || typeof record !== "object") return null;
  const given = record.box ?? record.box_xyxy;
  const named = (names) => (names.every((name) => record[name] !== undefined && record[name] !== "") ? names.map((name) => Number(record[name])) : null);
  const corners = Array.isArray(given) && given.length === 4 ? given.map(Number) : named(CORNERS);
  if (corners) return corners.every(Number.isFinite) ? corners : null;
  const sizes = named(SIZES);
  if (!sizes?.every(Number.isFinite)) return null;
  const [x, y, width, height] = sizes;
  return [x, y, x + width, y + height];
}

function problemOf([x0, y0, x1, y1], { width, height }) {
  const shown = `(${[x0, y0, x1, y1].join(", ")})`;
  if (!(x1 > x0 && y1 > y0)) return `${shown} has no area: its right and lower edges must be larger.`;
  if (x0 < 0 || y0 < 0 || x1 > width || y1 > height) return `${shown} lies outside the film of ${width} x ${height} pixels.`;
  return "";
}

function phraseOf(record) {
  const words = WORDS.map((name) => record[name]).find((value) => typeof value === "string" && value.trim());
  const sentence = record.sentence ?? record.sentence_index;
  const number = sentence === "" || sentence === null || sentence === undefined ? NaN : Number(sentence);
  return { phrase: words?.trim() ?? null, sentence: Number.isInteger(number) ? number : null };
}
