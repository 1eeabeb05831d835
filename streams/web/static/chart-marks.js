// Marks over a chart: dots, corrections, withdrawals, the ends of lines whose source fell silent, and last figures.
import {count} from './i18n.js';
import {partyName, sourceName} from './names.js';
import {colour} from './looks.js';
import uPlot from './uplot/uPlot.esm.js';
import {compact} from './words.js';

const LABEL_GAP_PX = 15;
const DOTS_UP_TO = 40;
const SHORT = 28;

/** Dots at figures, triangles at corrections downwards, hollow circles at withdrawals, bars where a source fell silent. */
export function drawMarks(plot, lines, {look, endOf, until, named}) {
  const {ctx} = plot;
  const px = uPlot.pxRatio;
  const x = (at) => plot.valToPos(at / 1000, 'x', true);
  const labels = [];
  const several = new Set(lines.map((line) => line.party)).size > 1;
  ctx.save();
  ctx.lineWidth = 1.5 * px;
  ctx.setLineDash([]);
  for (const line of lines) {
    const ink = colour(`line-${look(line).colour}`);
    const few = line.points.length <= DOTS_UP_TO;
    const y = (value) => Math.max(plot.bbox.top, plot.valToPos(value, 'y', true));
    line.points.forEach((point, i) => mark(ctx, point, few, x(point.at), y(point.best ?? line.points[i - 1]?.best ?? 0), px, ink));
    const last = line.points.at(-1);
    if (last.best === null) continue;
    const end = endOf(line);
    if (end < until) bar(ctx, x(end), y(last.best), px, ink);
    labels.push({x: x(end), y: y(last.best), ink, figure: labelOf(last), name: several ? `${partyName(line.party)}, ${sourceName(line.source)}` : sourceName(line.source), isOld: end < until});
  }
  drawLabels(plot, labels, {right: x(until), px, named});
  ctx.restore();
}

/** The end of a line whose source fell silent. */
function bar(ctx, x, y, px, ink) {
  ctx.beginPath();
  ctx.moveTo(x, y - 6 * px);
  ctx.lineTo(x, y + 6 * px);
  ctx.strokeStyle = ink;
  ctx.stroke();
}

function mark(ctx, point, few, x, y, px, ink) {
  ctx.beginPath();
  if (point.best === null) {
    ctx.arc(x, y, 4 * px, 0, 2 * Math.PI);
    ctx.fillStyle = colour('ground');
    ctx.strokeStyle = ink;
    ctx.fill();
    ctx.stroke();
  } else if (point.isDown) {
    ctx.moveTo(x - 5 * px, y - 4 * px);
    ctx.lineTo(x + 5 * px, y - 4 * px);
    ctx.lineTo(x, y + 5 * px);
    ctx.closePath();
    ctx.fillStyle = ink;
    ctx.strokeStyle = colour('ink');
    ctx.fill();
    ctx.stroke();
  } else if (few) {
    ctx.arc(x, y, 3 * px, 0, 2 * Math.PI);
    ctx.fillStyle = ink;
    ctx.fill();
  }
}

/** A last figure without its range, which the band shows. */
const labelOf = (point) => (point.low !== null && point.high !== null ? count(point.best) : compact(point));

/** Last figures beside the ends of their lines, with names where there is room, spread so that none covers another. */
function drawLabels(plot, labels, {right, px, named}) {
  const {ctx, bbox} = plot;
  const gap = LABEL_GAP_PX * px;
  const family = getComputedStyle(document.body).fontFamily;
  const same = (label) => (named ? `${label.figure} ${label.name}` : `${label.figure} ${label.ink}`);
  const kept = [...new Map(labels.map((label) => [same(label), label])).values()].sort((a, b) => b.y - a.y);
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  const current = kept.filter((label) => !label.isOld);
  let free = Infinity;
  for (const label of current) free = label.place = Math.min(label.y, free - gap);
  const over = current.length ? Math.max(0, bbox.top - current.at(-1).place) : 0;
  for (const label of current) {
    ctx.font = `600 ${12.5 * px}px ${family}`;
    ctx.fillStyle = label.ink;
    ctx.fillText(label.figure, right + 9 * px, label.place + over);
    if (!named) continue;
    const wide = ctx.measureText(`${label.figure} `).width;
    ctx.font = `${11.5 * px}px ${family}`;
    ctx.fillText(shortened(label.name), right + 10 * px + wide, label.place + over);
  }
  // A silent line's figure is written above its end: at the right edge it would look current.
  const places = [];
  ctx.font = `600 ${11.5 * px}px ${family}`;
  for (const label of kept.filter((one) => one.isOld)) {
    let y = Math.max(bbox.top + gap / 2, label.y - gap);
    while (places.some((place) => Math.abs(place.y - y) < gap && Math.abs(place.x - label.x) < 60 * px) && y > bbox.top) y -= gap;
    places.push({x: label.x, y});
    const isLeft = label.x > right - 60 * px;
    ctx.textAlign = isLeft ? 'right' : 'left';
    ctx.fillStyle = label.ink;
    ctx.fillText(label.figure, label.x + (isLeft ? -5 : 5) * px, y);
  }
}

const shortened = (name) => (name.length > SHORT ? `${name.slice(0, SHORT - 1)}…` : name);
