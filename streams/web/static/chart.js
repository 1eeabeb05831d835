// A step chart of one outcome and one population: a line for each source of a party, ranges as bands, corrections marked.
import {h, Component} from './preact/preact.mjs';
import {INCREMENTS, labelsPx, roundTimes, timeLabels} from './axis.js';
import {column, endOf, hasGap, times} from './chart-columns.js';
import {drawMarks} from './chart-marks.js';
import {capital, dayOf, told} from './format.js';
import {count, t} from './i18n.js';
import {colour, onTheme, shown} from './looks.js';
import {partyName, sourceName} from './names.js';
import {savePng} from './png.js';
import {TakeAway} from './share.js';
import uPlot from './uplot/uPlot.esm.js';
import {compact, figure, kindOf, OLD_MS} from './words.js';

const TALL_PX = 260;
const LOW_PX = 180;
const HEAD_PX = 16;
const SNAP_PX = 5;
const STEPS = uPlot.paths.stepped({align: 1});
const TOTALS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1e8, 1e9];

export class Chart extends Component {
  componentDidMount() {
    this.draw();
    this.offTheme = onTheme(() => this.draw());
  }

  shouldComponentUpdate(next, state) {
    const moved = ['panel', 'width', 'until', 'hidden', 'heard'].some((name) => this.props[name] !== next[name]);
    this.stale = this.stale || moved;
    return moved || state !== this.state;
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

  /** Say which figures there were at the cursor; it snaps to a change that is near. A withdrawn figure is left out. */
  read({left, idx}) {
    const {panel, hidden} = this.props;
    if (idx == null || left < 0) {
      if (this.state.at != null) this.setState({at: null});
      return;
    }
    const near = this.plot.data[0][idx];
    const isNear = Math.abs(this.plot.valToPos(near, 'x') - left) <= SNAP_PX;
    const at = isNear ? Math.round(near * 1000) : Math.round(this.plot.posToVal(left, 'x') / 60) * 60_000;
    const lines = shown(visible(panel, hidden)).map((line) => [line, line.points.findLast((point) => point.at <= at)]).filter(([, point]) => point && point.best !== null);
    lines.sort(([a, one], [b, other]) => other.best - one.best || (a.key < b.key ? -1 : 1));
    // Beside the cursor, on the side with more room.
    const isLeft = this.plot.cursor.left > this.plot.bbox.width / uPlot.pxRatio / 2;
    this.setState({at, lines, isLeft});
  }

  press(event) {
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

  render({panel, scale, looks, room, share, until, hidden}, {at, lines, isLeft}) {
    const name = capital(kindOf(scale));
    const notes = above(scale, visible(panel, hidden));
    return h('figure', {class: 'chart', id: `card-chart.${scale.key}`},
      h('figcaption', {class: 'card-head'}, h('h3', null, name),
        h(TakeAway, {...share, what: t('overTimeOf', {kind: name}), card: `chart.${scale.key}`, figures: '',
          png: () => savePng(this.plot.ctx.canvas, {title: share.title, what: name, lines: shown(visible(panel, hidden)), looks, known: until, name: `${share.name}-${scale.key}`})})),
      h('p', {class: 'readout', 'aria-live': 'polite', hidden: at == null, ref: aside(room, isLeft)}, at == null ? null : [
        h('span', {class: 'when'}, `${told(new Date(at))} UTC`),
        lines.map(([line, point]) => h('span', {key: line.key, class: `line-${looks.get(`${line.source}/${line.party}`).colour}`},
          h('i', {class: 'swatch', 'aria-hidden': 'true'}), `${partyName(line.party)} `, h('b', null, figure(point)), ` ${sourceName(line.source)}`,
          at - point.at > OLD_MS && ` (${dayOf(new Date(point.at))})`)),
      ]),
      notes.map((words) => h('p', {key: words, class: 'quiet small'}, words)),
      h('div', {
        class: 'plot', dir: 'ltr', role: 'img', tabIndex: 0, 'aria-label': summary(scale, panel), onKeyDown: (event) => this.press(event),
        ref: (element) => { this.place = element; },
      }));
  }
}

/** The lines of a panel without those that the reader has switched off. */
const visible = (panel, hidden) => panel.lines.filter((line) => !hidden.has(`${line.source}/${line.party}`));

/** Keeps the words at the cursor over the plotted part, on one side or the other. */
const aside = (room, isLeft) => (element) => {
  if (!element) return;
  element.style.left = isLeft ? `${room.left + 8}px` : 'auto';
  element.style.right = isLeft ? 'auto' : `${room.right + 8}px`;
};

function summary(scale, {lines}) {
  const last = lines.map((line) => t('lineWords', {party: partyName(line.party), source: sourceName(line.source), figure: figure(line.points.at(-1).best === null ? null : line.points.at(-1))}));
  return t('chartSummary', {kind: kindOf(scale), lines: last.join('; ') || t('noChange')});
}

/** What uPlot draws: its options and columns. */
function plotted({panel, scale, range, room, looks, width, until, tall, hidden, heard}, read) {
  const kept = visible(panel, hidden);
  const own = shown(kept);
  const ends = kept.map((line) => endOf(line, heard.get(line.key), until));
  const end = (line) => ends[kept.indexOf(line)];
  const xs = times(kept, ends, until);
  const look = (line) => looks.get(`${line.source}/${line.party}`);
  const series = [{}];
  const data = [xs.map((at) => at / 1000)];
  const bands = [];
  const add = (values, drawn) => {
    data.push(values);
    series.push({paths: STEPS, points: {show: false}, spanGaps: false, ...drawn});
    return series.length - 1;
  };
  for (const line of kept.filter((one) => !own.includes(one))) add(column(line, xs, 'best', end(line)), {stroke: colour('faint'), width: 0.6, alpha: 0.5});
  for (const line of own) {
    const ink = colour(`line-${look(line).colour}`);
    if (hasRange(line)) {
      const high = add(column(line, xs, 'high', end(line)), {stroke: 'transparent', width: 0});
      const low = add(column(line, xs, 'low', end(line)), {stroke: 'transparent', width: 0});
      bands.push({series: [high, low], fill: `${ink}38`});
    }
    add(column(line, xs, 'best', end(line)), {stroke: ink, width: 2, dash: look(line).dash});
    if (hasGap(line)) add(column(line, xs, 'best', end(line), 'gap'), {stroke: ink, width: 1, alpha: 0.6, dash: [1, 4]});
  }
  const ink = colour('faint');
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const top = 1.08 * topOf(scale, kept);
  const options = {
    width, height: (tall ? TALL_PX : LOW_PX) + labelsPx(range),
    padding: [HEAD_PX, room.right, 0, 0],
    series, bands,
    legend: {show: false},
    scales: {x: {time: true, range: () => range.map((at) => at / 1000)}, y: {range: () => [0, top]}},
    cursor: {y: false, points: {show: false}, drag: {x: false, y: false, setScale: false}, sync: {key: 'timeline', setSeries: false}},
    axes: [
      {stroke: ink, font, size: labelsPx(range), space: width < 500 ? 62 : 84, grid: {show: false}, ticks: {show: false}, gap: 8,
        incrs: INCREMENTS, splits: roundTimes, values: (_, splits, __, ___, step) => timeLabels(splits, step)},
      {stroke: ink, font, size: room.left, space: 34, gap: 8, grid: {stroke: colour('grid'), width: 1}, ticks: {show: false},
        incrs: TOTALS, values: (_, splits) => splits.map((value) => count(value))},
    ],
    hooks: {draw: [(plot) => drawMarks(plot, own, {look, endOf: end, until, named: room.named})], setCursor: [(plot) => read(plot.cursor)]},
  };
  return {options, data};
}

/** The greatest figure of lines with a figure now: one that was withdrawn would flatten all others. */
function topOf(scale, lines) {
  const standing = new Set(lines.filter(({points}) => points.at(-1).best !== null).map(({key}) => key));
  const drawn = standing.size ? scale.lines.filter(({key}) => standing.has(key)) : scale.lines;
  return Math.max(1, ...drawn.flatMap(({points}) => points.map((point) => point.high ?? point.best ?? 0)));
}

/** Figures above the scale, in words. */
function above(scale, lines) {
  const top = 1.08 * topOf(scale, lines);
  return lines.filter((line) => line.greatest > top).map((line) => t('aboveScale', {
    party: partyName(line.party), source: sourceName(line.source), figure: compact({best: line.greatest, low: line.greatest, high: line.greatest}),
  }));
}

const hasRange = ({points}) => points.some(({low, high}) => low !== null && high !== null && low !== high);
