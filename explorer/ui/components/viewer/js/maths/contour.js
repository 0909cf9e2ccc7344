// Contour lines of a map: marching squares on the grid, refined by linear interpolation.

import { gridX, gridY, imageX, imageY, sampleGrid, seenRect } from "./frame.js";

const PER_CELL = 4;

/** The map on a regular lattice over the seen part of the image; `x`, `y` are image coordinates. */
export function refine(grid, frame) {
  const [x0, y0, x1, y1] = seenRect(frame);
  const across = lattice(gridX(frame, x0), gridX(frame, x1));
  const down = lattice(gridY(frame, y0), gridY(frame, y1));
  const values = new Float32Array(across.length * down.length);
  let at = 0;
  for (const v of down) {
    for (const u of across) values[at++] = sampleGrid(grid, frame.gridRows, frame.gridColumns, u, v);
  }
  return { values, x: across.map((u) => imageX(frame, u)), y: down.map((v) => imageY(frame, v)) };
}

/** Steps of a quarter cell that pass through every cell centre, and both ends. */
function lattice(from, to) {
  const points = [from];
  for (let k = Math.floor(from * PER_CELL) + 1; k / PER_CELL < to; k++) points.push(k / PER_CELL);
  points.push(to);
  return points;
}

/**
 * Lines where the map crosses `level`, as arrays of [x, y] image points. A line that closes ends
 * on its first point; one that leaves the seen part stays open.
 */
export function contourLines({ values, x, y }, level) {
  const columns = x.length;
  const links = new Map(); // edge key -> [edge keys it is joined to]
  const points = new Map();
  const join = (a, b) => {
    links.get(a)?.push(b) ?? links.set(a, [b]);
    links.get(b)?.push(a) ?? links.set(b, [a]);
  };
  // Edge keys: 2 i for the edge from node i to its right neighbour, 2 i + 1 to the one below.
  const crossing = (key) => {
    if (!points.has(key)) points.set(key, pointOn(key, values, x, y, level));
    return key;
  };
  for (let row = 0; row + 1 < y.length; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const i = row * columns + column;
      const above = (values[i] >= level) + (values[i + 1] >= level) + (values[i + columns + 1] >= level) + (values[i + columns] >= level);
      if (above === 0 || above === 4) continue;
      const corners = [values[i], values[i + 1], values[i + columns + 1], values[i + columns]];
      const pairs = crossedEdges(corners, level);
      const edges = [2 * i, 2 * (i + 1) + 1, 2 * (i + columns), 2 * i + 1];
      for (const [a, b] of pairs) join(crossing(edges[a]), crossing(edges[b]));
    }
  }
  return chains(links, points);
}

/** Pairs of cell edges (0 top, 1 right, 2 bottom, 3 left) joined by a line. */
function crossedEdges(corners, level) {
  const above = corners.map((value) => value >= level);
  const crossed = [0, 1, 2, 3].filter((edge) => above[edge] !== above[(edge + 1) % 4]);
  if (crossed.length === 2) return [crossed];
  // A saddle: the mean decides which opposite corners belong together.
  const middle = (corners[0] + corners[1] + corners[2] + corners[3]) / 4 >= level;
  return middle === above[0] ? [[0, 1], [2, 3]] : [[3, 0], [1, 2]];
}

function pointOn(key, values, x, y, level) {
  const columns = x.length;
  const i = key >> 1;
  const row = Math.floor(i / columns);
  const column = i % columns;
  const downward = key & 1;
  const from = values[i];
  const to = values[downward ? i + columns : i + 1];
  const share = (level - from) / (to - from);
  if (downward) return [x[column], y[row] + share * (y[row + 1] - y[row])];
  return [x[column] + share * (x[column + 1] - x[column]), y[row]];
}

function chains(links, points) {
  const lines = [];
  const used = new Set();
  const follow = (start) => {
    const line = [points.get(start)];
    used.add(start);
    let here = start;
    for (;;) {
      const next = links.get(here).find((key) => !used.has(key));
      if (next === undefined) break;
      used.add(next);
      line.push(points.get(next));
      here = next;
    }
    if (line.length > 2 && links.get(here).includes(start)) line.push(points.get(start));
    return line;
  };
  // Open lines first, from their ends: a walk from the middle would cut them in two.
  for (const [key, joined] of links) if (joined.length === 1 && !used.has(key)) lines.push(follow(key));
  for (const key of links.keys()) if (!used.has(key)) lines.push(follow(key));
  return lines;
}

/**
 * Fixed levels, multiples of a step, that a map from `low` to `high` crosses above `floor`.
 *
 * They do not depend on the map's own range: a map that never rises above the floor has none.
 */
export function contourLevels(low, high, step, floor = -Infinity) {
  const spacing = Number(step);
  if (!(spacing > 0)) return [];
  const levels = [];
  const from = Math.max(low, floor);
  for (let k = Math.floor(from / spacing + 1e-9) + 1; k * spacing < high; k++) {
    levels.push(Number((k * spacing).toFixed(6)));
  }
  return levels;
}
