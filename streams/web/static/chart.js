// A step chart of one outcome and one population: a line for each source of a party, ranges as bands, corrections marked.
import {h, Component} from './preact/preact.mjs';
import {colour, onTheme, shown} from './looks.js';
import uPlot from './uplot/uPlot.esm.js';
import {capital, clock, count, day, figure, kindOf, month, partyWords, told} from './words.js';

const TALL_PX = 230;
const LOW_PX = 150;
const LABELS_PX = 40;
const HEAD_PX = 14;
const LABEL_GAP_PX = 14;
const DOTS_UP_TO = 40;
const SNAP_PX = 5;
const DAY_S = 86_400;
const STEPS = uPlot.paths.stepped({align: 1});

export class Chart extends Component {
  componentDidMount() {
    this.draw();
    this.offTheme = onTheme(() => this.draw());
  }

  shouldComponentUpdate(next, state) {
    const {panel, width, until} = this.props;
    this.stale = panel !== next.panel || width !== next.width || until !== next.until;
    return this.stale || state !== this.state;
  }

  componentDidUpdate() {
    if (this.stale) this.draw();
    this.stale = false;
  }

  componentWillUnmount() {
    this.offTheme();
    this.plot?.destroy();
    this.plot = null;
    this.gone = true;
  }

  draw() {
    if (this.gone || !this.props.width) return;
    this.plot?.destroy();
    const {options, data} = plotted(this.props, (cursor) => this.read(cursor));
    this.plot = new uPlot(options, data, this.place);
  }

  /** Say what stood at the cursor; it snaps to a change that is near. */
  read({left, idx}) {
    const {panel, looks} = this.props;
    if (idx == null || left < 0) {
      if (this.state.at != null) this.setState({at: null});
      return;
    }
    const near = this.plot.data[0][idx];
    const isNear = Math.abs(this.plot.valToPos(near, 'x') - left) <= SNAP_PX;
    const at = isNear ? Math.round(near * 1000) : Math.round(this.plot.posToVal(left, 'x') / 60) * 60_000;
    const lines = shown(panel.lines, looks).map((line) => [line, standing(line, at)]).filter(([, point]) => point);
    lines.sort(([a], [b]) => (a.party + a.source < b.party + b.source ? -1 : 1));
    // Beside the cursor, on the side with more room.
    const isLeft = this.plot.cursor.left > this.plot.bbox.width / uPlot.pxRatio / 2;
    this.setState({at, lines, isLeft});
  }

  move(event) {
    const {plot} = this;
    const steps = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (event.key === 'Escape') plot.setCursor({left: -10, top: -10});
    if (!steps) return;
    event.preventDefault();
    const {idx} = plot.cursor;
    const from = idx ?? (steps > 0 ? -1 : plot.data[0].length);
    const index = Math.min(plot.data[0].length - 1, Math.max(0, from + steps));
    plot.setCursor({left: plot.valToPos(plot.data[0][index], 'x'), top: 10});
  }

  render({panel, scale, looks, room}, {at, lines, isLeft}) {
    return h('figure', {class: 'chart'},
      h('figcaption', null,
        h('h3', null, capital(kindOf(scale)))),
      h('p', {class: 'readout', 'aria-live': 'polite', hidden: at == null, ref: aside(room, isLeft)}, at == null ? null : [
          h('span', {class: 'when'}, `${told(new Date(at))} UTC`),
          lines.map(([line, point]) => h('span', {key: line.key, class: `line-${looks.get(`${line.source}/${line.party}`).colour}`},
            h('i', {class: 'swatch', 'aria-hidden': 'true'}), `${partyWords(line.party)} `, h('b', null, figure(point.best === null ? null : point)), ` ${line.source}`)),
        ]),
      above(scale, panel).map((words) => h('p', {key: words, class: 'quiet small'}, `Above the scale: ${words}`)),
      h('div', {
        class: 'plot', role: 'img', tabIndex: 0, 'aria-label': summary(scale, panel), onKeyDown: (event) => this.move(event),
        ref: (element) => { this.place = element; },
      }));
  }
}

/** Keeps the words at the cursor over the plotted part, on one side or the other. */
const aside = (room, isLeft) => (element) => {
  if (!element) return;
  element.style.left = isLeft ? `${room.left + 8}px` : 'auto';
  element.style.right = isLeft ? 'auto' : `${room.right + 8}px`;
};

function summary(scale, {lines}) {
  const last = lines.map((line) => `${partyWords(line.party)} by ${line.source} ${figure(line.points.at(-1).best === null ? null : line.points.at(-1))}`);
  return `Step chart, ${kindOf(scale)}: ${last.join('; ') || 'nothing yet'}. Left and right arrow go from change to change; the tables below say the same.`;
}

/** What uPlot draws: its options and columns. */
function plotted({panel, scale, range, room, looks, width, until, tall, labelled}, read) {
  const own = shown(panel.lines, looks);
  const thin = panel.lines.filter((line) => !own.includes(line));
  const xs = times(panel.lines, until);
  const look = (line) => looks.get(`${line.source}/${line.party}`);
  const series = [{}];
  const data = [xs.map((at) => at / 1000)];
  const bands = [];
  const add = (values, drawn) => {
    data.push(values);
    series.push({paths: STEPS, points: {show: false}, spanGaps: false, ...drawn});
    return series.length - 1;
  };
  for (const line of thin) add(column(line, xs, 'best'), {stroke: colour('faint'), width: 0.6, alpha: 0.5});
  for (const line of own) {
    const ink = colour(`line-${look(line).colour}`);
    if (hasRange(line)) {
      const high = add(column(line, xs, 'high'), {stroke: 'transparent', width: 0});
      const low = add(column(line, xs, 'low'), {stroke: 'transparent', width: 0});
      bands.push({series: [high, low], fill: `${ink}38`});
    }
    add(column(line, xs, 'best'), {stroke: ink, width: 2, dash: look(line).dash});
  }
  const top = 1.08 * topOf(scale, panel);
  const ink = colour('faint');
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const options = {
    width, height: (tall ? TALL_PX : LOW_PX) + (labelled ? LABELS_PX : 0),
    padding: [HEAD_PX, room.right, labelled ? 0 : 6, 0],
    series, bands,
    legend: {show: false},
    scales: {x: {time: true, range: () => range.map((at) => at / 1000)}, y: {range: () => [0, top]}},
    cursor: {y: false, points: {show: false}, drag: {x: false, y: false, setScale: false}, sync: {key: 'timeline', setSeries: false}},
    axes: [
      {show: labelled, stroke: ink, font, size: LABELS_PX, space: 84, grid: {show: false}, ticks: {show: false}, gap: 8,
        incrs: INCREMENTS, splits: roundTimes, values: (_, splits, __, ___, step) => timeLabels(splits, step)},
      {stroke: ink, font, size: room.left, space: 34, gap: 8, grid: {stroke: colour('grid'), width: 1}, ticks: {show: false},
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1e8, 1e9],
        values: (_, splits) => splits.map((value) => count(value))},
    ],
    hooks: {draw: [(plot) => drawMarks(plot, own, look, until / 1000)], setCursor: [(plot) => read(plot.cursor)]},
  };
  return {options, data};
}

const HOUR_S = 3600;
const INCREMENTS = [60, 300, 900, 1800, HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S,
  ...[1, 2, 5, 10, 30, 91, 182, 365, 730, 1826, 3652, 36_525].map((days) => days * DAY_S)];

/** Round times in UTC: hours, days, or the first of months where a step is longer. */
function roundTimes(_plot, _axis, start, end, step) {
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

function timeLabels(splits, step) {
  let before = null;
  return splits.map((at) => {
    const date = new Date(at * 1000);
    if (step >= 30 * DAY_S) return month(date);
    const shownDay = day(date, false);
    if (step >= DAY_S) return shownDay;
    const label = shownDay === before ? clock(date) : `${clock(date)}\n${shownDay}`;
    before = shownDay;
    return label;
  });
}

/** The greatest figure of lines that stand: one that was withdrawn would flatten all others. */
function topOf(scale, {lines}) {
  const standing = new Set(lines.filter(({points}) => points.at(-1).best !== null).map(({key}) => key));
  const drawn = standing.size ? scale.lines.filter(({key}) => standing.has(key)) : scale.lines;
  return Math.max(1, ...drawn.flatMap(({points}) => points.map((point) => point.high ?? point.best ?? 0)));
}

/** What lies above the scale, in words. */
function above(scale, panel) {
  const top = 1.08 * topOf(scale, panel);
  return panel.lines.filter((line) => line.greatest > top)
    .map((line) => `${partyWords(line.party)} by ${line.source}, ${count(line.greatest)}, withdrawn`);
}

/** All times at which a line moves, a withdrawal twice: until then the figure stood. */
function times(lines, until) {
  const found = new Set([until]);
  for (const {points} of lines) {
    for (const point of points) {
      found.add(point.at);
      if (point.best === null) found.add(point.at + 1);
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** One of a line's figures at each time; null where none stood. Bounds are drawn only where both are known. */
function column({points}, xs, which) {
  let next = 0;
  let value = null;
  let ends = null;
  return xs.map((at) => {
    if (ends !== null && at >= ends) value = ends = null;
    while (next < points.length && points[next].at <= at) {
      const point = points[next++];
      if (point.best === null) ends = point.at + 1;
      else value = which === 'best' || point.low === null || point.high === null ? point.best : point[which];
    }
    return value;
  });
}

const hasRange = ({points}) => points.some(({low, high}) => low !== null && high !== null && low !== high);

/** The point that stood at a time; none after a withdrawal. */
function standing({points}, at) {
  return points.findLast((point) => point.at <= at) ?? null;
}

/** Dots at figures, triangles at corrections downwards, hollow circles at withdrawals; the last figures beside. */
function drawMarks(plot, lines, look, until) {
  const {ctx} = plot;
  const px = uPlot.pxRatio;
  const labels = [];
  ctx.save();
  ctx.lineWidth = 1.5 * px;
  ctx.setLineDash([]);
  for (const line of lines) {
    const ink = colour(`line-${look(line).colour}`);
    const few = line.points.length <= DOTS_UP_TO;
    line.points.forEach((point, i) => {
      const value = point.best ?? line.points[i - 1]?.best ?? 0;
      const y = Math.max(plot.bbox.top, plot.valToPos(value, 'y', true));
      mark(ctx, point, few, plot.valToPos(point.at / 1000, 'x', true), y, px, ink);
    });
    const last = line.points.at(-1);
    if (last.best !== null) labels.push({y: plot.valToPos(last.best, 'y', true), ink, words: labelOf(last)});
  }
  drawLabels(plot, labels, plot.valToPos(until, 'x', true), px);
  ctx.restore();
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
function labelOf({best, low, high}) {
  return low !== null && high !== null ? count(best) : figure({best, low, high});
}

/** Last figures beside the ends of their lines, spread so that none covers another. */
function drawLabels(plot, labels, x, px) {
  const {ctx, bbox} = plot;
  const gap = LABEL_GAP_PX * px;
  const kept = [...new Map(labels.map((label) => [`${label.words} ${label.ink}`, label])).values()].sort((a, b) => b.y - a.y);
  let free = Infinity;
  for (const label of kept) free = label.place = Math.min(label.y, free - gap);
  const over = kept.length ? Math.max(0, bbox.top - kept.at(-1).place) : 0;
  ctx.font = `600 ${12.5 * px}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  for (const {place, ink, words} of kept) {
    ctx.fillStyle = ink;
    ctx.fillText(words, x + 9 * px, place + over);
  }
}
