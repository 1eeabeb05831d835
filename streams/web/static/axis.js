// The time axis that charts and bands share: its span, the place of its ends, and round times on it.
import {clock, dayOf, monthOf} from './format.js';
import {count} from './i18n.js';

const GUTTER_PX = 22;
const DIGIT_PX = 8.6;
const NAME_PX = 168;
/** Names are written beside the ends of lines where a chart is at least so wide. */
const NAMES_FROM_PX = 620;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** Steps between round times, in seconds. */
export const INCREMENTS = [60, 300, 900, 1800, HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S,
  ...[1, 2, 5, 10, 30, 91, 182, 365, 730, 1826, 3652, 36_525].map((days) => days * DAY_S)];

/** Room beside the plotted part: for the scale on the left, for the last figures and their names on the right. */
export function gutters(panels, width) {
  const room = (figures) => Math.ceil(GUTTER_PX + DIGIT_PX * Math.max(3, ...figures.map((figure) => count(figure).length)));
  const lines = panels.flatMap((panel) => panel.lines);
  const named = width >= NAMES_FROM_PX;
  return {
    left: room(lines.flatMap(({points}) => points.map((point) => point.high ?? point.best ?? 0))),
    right: room(lines.map(({points}) => points.at(-1).best ?? 0)) + (named ? NAME_PX : 0),
    named,
  };
}

/** The span of the axis, in milliseconds: a little more than the story. */
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

/** Room below the plotted part for labels of as many lines as their step needs. */
export function labelsPx([start, end]) {
  const days = (end - start) / (DAY_S * 1000);
  return days < 3 ? 56 : days < 200 ? 40 : 26;
}

/** Round times in UTC: hours, days, or the first of months where a step is longer. */
export function roundTimes(_plot, _axis, start, end, step) {
  const found = [];
  if (step < 30 * DAY_S) {
    for (let at = Math.ceil(start / step) * step; at <= end; at += step) found.push(at);
    return found;
  }
  const months = Math.max(1, Math.round(step / (30.4 * DAY_S)));
  const first = new Date(start * 1000);
  const from = first.getUTCFullYear() * 12 + first.getUTCMonth();
  for (let number = Math.ceil(from / months) * months; ; number += months) {
    const at = Date.UTC(Math.floor(number / 12), number % 12) / 1000;
    if (at > end) return found;
    if (at >= start) found.push(at);
  }
}

/** Their labels: a clock time, a day, a month; the year on the first label and wherever it changes. */
export function timeLabels(splits, step) {
  let day = null;
  let year = null;
  return splits.map((at) => {
    const date = new Date(at * 1000);
    if (step >= 30 * DAY_S) return monthOf(date);
    const isNewYear = date.getUTCFullYear() !== year;
    const shown = dayOf(date, false);
    const isNewDay = shown !== day;
    [day, year] = [shown, date.getUTCFullYear()];
    const lines = step >= DAY_S ? [shown] : isNewDay ? [clock(date), shown] : [clock(date)];
    return (isNewYear ? [...lines, String(year)] : lines).join('\n');
  });
}
