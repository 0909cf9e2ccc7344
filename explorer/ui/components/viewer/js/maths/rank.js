// Order of the sentence cards by their value under the cursor, without jumping.

/**
 * Move items past one another only where the better one leads by more than `margin`.
 * @param {number[]} order the order shown now, as indices into `values`
 * @param {number[]} values value under the cursor; NaN sinks to the end
 */
export function reranked(order, values, margin = 0.01) {
  const next = [...order];
  const value = (index) => (Number.isNaN(values[index]) ? -Infinity : values[index]);
  for (let at = 1; at < next.length; at++) {
    const item = next[at];
    let place = at;
    while (place > 0 && value(item) > value(next[place - 1]) + margin) {
      next[place] = next[place - 1];
      place--;
    }
    next[place] = item;
  }
  return next;
}
