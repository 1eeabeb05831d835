// The time axis that charts, bands and the slider share: what it spans, and where its ends lie.
import {count} from './words.js';

const GUTTER_PX = 22;
const DIGIT_PX = 8.6;

/** Room beside what is plotted: for the scale on the left, for the last figures on the right. */
export function gutters(panels) {
  const room = (figures) => Math.ceil(GUTTER_PX + DIGIT_PX * Math.max(3, ...figures.map((figure) => count(figure).length)));
  const lines = panels.flatMap((panel) => panel.lines);
  return {
    left: room(lines.flatMap(({points}) => points.map((point) => point.high ?? point.best ?? 0))),
    right: room(lines.map(({points}) => points.at(-1).best ?? 0)),
  };
}

/** What the axis spans, in milliseconds: a little more than the story. */
export function spanOf(firstAt, lastAt) {
  const spare = Math.max(lastAt - firstAt, 3_600_000) / 60;
  return [firstAt - spare, lastAt + spare];
}

/** Keeps an element over the plotted part of the charts. */
export const inset = ({left, right}) => (element) => {
  if (!element) return;
  element.style.marginLeft = `${left}px`;
  element.style.marginRight = `${right}px`;
};

/** Places an element at a time, as wide as it lasts. */
export const placed = (from, to, [start, end]) => (element) => {
  if (!element) return;
  const share = (at) => (100 * (at - start)) / (end - start);
  element.style.left = `${share(from)}%`;
  if (to !== null) element.style.width = `${Math.max(0, share(to) - share(from))}%`;
};
