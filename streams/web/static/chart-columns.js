// The columns of a chart: each line's figures at all times at which any line moves.
import {OLD_MS} from './words.js';

/** The time until which a line is drawn: `until`, or the last that was heard of it where its source fell silent. */
export function endOf(line, heard, until) {
  const last = Math.max(line.points.at(-1).at, heard ?? -Infinity);
  return until - last > OLD_MS ? Math.min(last, until) : until;
}

/** Two figures of a line with more than this between them have a gap: nothing is known of the time between. */
const isGap = (points, i, next) => next - points[i].at > OLD_MS;

export function hasGap({points}) {
  return points.some((point, i) => i > 0 && points[i - 1].best !== null && isGap(points, i - 1, point.at));
}

/** All times at which a line moves or breaks off; a line that breaks off has its figure until then. */
export function times(lines, ends, until) {
  const found = new Set([until]);
  lines.forEach(({points}, l) => {
    for (const [i, point] of points.entries()) {
      found.add(point.at);
      const next = points[i + 1]?.at;
      if (point.best === null || (next && isGap(points, i, next)) || (i > 0 && isGap(points, i - 1, point.at))) found.add(point.at + 1);
    }
    found.add(ends[l]).add(ends[l] + 1);
  });
  return [...found].filter((at) => at <= until).sort((a, b) => a - b);
}

/**
 * One of a line's figures at each time; null where there is none. `part` is solid, or gap for the stretches between
 * figures with a gap. Bounds are drawn only where both are known.
 */
export function column({points}, xs, which, end, part = 'solid') {
  let i = -1;
  return xs.map((at) => {
    while (i + 1 < points.length && points[i + 1].at <= at) i++;
    if (i < 0 || at > end) return null;
    const point = points[i].best === null && points[i].at === at ? points[i - 1] : points[i];
    if (!point || point.best === null) return null;
    const next = points[i + 1];
    const inGap = Boolean(next) && isGap(points, i, next.at);
    const cameOver = i > 0 && points[i].at === at && isGap(points, i - 1, at) && points[i - 1].best !== null;
    if (part === 'gap' ? !inGap && !cameOver : inGap && at > points[i].at) return null;
    return which === 'best' || point.low === null || point.high === null ? point.best : point[which];
  });
}
