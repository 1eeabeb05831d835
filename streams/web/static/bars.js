// Bars of what each period added: a strip for each source and party, on the scale and time axis of its outcome.
import {h, Component} from './preact/preact.mjs';
import {capital, dayOf, monthOf} from './format.js';
import {count, t} from './i18n.js';
import {partyName, sourceName} from './names.js';
import {Party, SourceName} from './parts.js';
import {cellKey, kindKey, ms} from './story.js';
import {kindOf, rank, subjectOf} from './words.js';

const STRIPS_MOST = 6;
const PANELS_MOST = 4;
const HEIGHT_PX = 46;
const GAP_PX = 1;
const WIDEST_PX = 26;
const TABLE_MOST = 400;

export class Strips extends Component {
  componentDidMount() {
    this.observer = new ResizeObserver(([entry]) => this.setState({width: Math.floor(entry.contentRect.width)}));
    this.observer.observe(this.box);
  }

  componentWillUnmount() {
    this.observer.disconnect();
  }

  render({rows, per, colours}, {width = 0, open}) {
    const known = rows.filter((row) => row.best !== null);
    const range = [Math.min(...known.map((row) => ms(row.from))), Math.max(...known.map((row) => ms(row.to)))];
    const panels = panelsOf(known);
    const left = panels.slice(0, PANELS_MOST).reduce((sum, panel) => sum + Math.max(0, panel.strips.length - STRIPS_MOST), 0)
      + panels.slice(PANELS_MOST).reduce((sum, panel) => sum + panel.strips.length, 0);
    return h('div', null, h('div', {ref: (box) => { this.box = box; }}),
      known.length === 0 && h('p', {class: 'quiet'}, t('noSeries')),
      width > 0 && panels.slice(0, PANELS_MOST).map((panel) => h(Panel, {key: panel.key, panel, range, width, per, colours})),
      left > 0 && h('p', {class: 'quiet small'}, t('stripsLeftOut', {n: left})),
      known.length > 0 && h('details', {class: 'figures', onToggle: (event) => this.setState({open: event.target.open})},
        h('summary', null, t('asTables')), open && h(Table, {rows: known, per, colours})));
  }
}

function panelsOf(rows) {
  const panels = new Map();
  for (const row of [...rows].sort((a, b) => rank(a) - rank(b))) {
    const key = kindKey(row);
    if (!panels.has(key)) panels.set(key, {key, kind: row, strips: new Map()});
    const {strips} = panels.get(key);
    const name = cellKey(row);
    if (!strips.has(name)) strips.set(name, {key: name, cell: row, rows: [], most: row});
    const strip = strips.get(name);
    strip.rows.push(row);
    if (row.best > strip.most.best) strip.most = row;
  }
  return [...panels.values()].map((panel) => ({...panel, strips: [...panel.strips.values()].sort((a, b) => b.most.best - a.most.best)}));
}

function Panel({panel, range, width, per, colours}) {
  const strips = panel.strips.slice(0, STRIPS_MOST);
  const all = strips.flatMap((strip) => strip.rows);
  const top = Math.max(1, ...all.map((row) => row.best));
  const bottom = Math.min(0, ...all.map((row) => row.best));
  return h('figure', {class: 'strips'},
    h('figcaption', null, h('h3', null, capital(kindOf(panel.kind)))),
    strips.map((strip) => h(Strip, {key: strip.key, strip, range, width, top, bottom, per, colours})),
    h('p', {class: 'ends', 'aria-hidden': 'true', dir: 'ltr'}, h('span', null, dayOf(new Date(range[0]))), h('span', null, dayOf(new Date(range[1] - 1)))));
}

function Strip({strip: {cell, rows, most}, range, width, top, bottom, per, colours}) {
  const x = (at) => ((at - range[0]) / (range[1] - range[0])) * width;
  const y = (value) => ((top - value) / (top - bottom)) * (HEIGHT_PX - 2) + 1;
  const largest = t('mostAdded', {figure: signed(most), time: windowOf(most, per)});
  return h('div', {class: 'strip'},
    h('p', {class: 'strip-of'}, h('span', null, h(Party, {slug: cell.party, colours}), t('comma'), h(SourceName, {slug: cell.source})), h('span', {class: 'quiet small'}, largest)),
    h('svg', {class: `line-${colours.get(cell.party) ?? 0}`, width, height: HEIGHT_PX, role: 'img', 'aria-label': `${subjectOf(cell)}${t('comma')}${sourceName(cell.source)}: ${t('periods', {n: rows.length})}; ${largest}`},
      h('line', {class: 'zero', x1: 0, x2: width, y1: y(0), y2: y(0)}),
      rows.map((row) => {
        const [from, to] = [x(ms(row.from)), x(ms(row.to))];
        const wide = Math.max(1.5, Math.min(WIDEST_PX, to - from - GAP_PX));
        const middle = (from + to) / 2;
        return h('g', {key: row.from},
          h('title', null, `${windowOf(row, per)}: ${signed(row)}`),
          h('rect', {class: row.best < 0 ? 'bar less' : 'bar', x: middle - wide / 2, width: wide, y: y(Math.max(0, row.best)), height: Math.max(1, Math.abs(y(row.best) - y(0)))}),
          row.low !== null && row.high !== null && row.low !== row.high && h('line', {class: 'whisker', x1: middle, x2: middle, y1: y(row.low), y2: y(row.high)}),
          // So that a thin bar can be pointed at.
          h('rect', {class: 'target', x: middle - Math.max(wide, 8) / 2, width: Math.max(wide, 8), y: 0, height: HEIGHT_PX}));
      })));
}

/** What a period added, with its sign: `+12 (10–14)`, `−3`. */
function signed({best, low, high}) {
  const span = low !== null && high !== null && low !== high ? ` (${sign(low)} – ${sign(high)})` : '';
  return sign(best) + span;
}

const sign = (number) => (number < 0 ? '−' : '+') + count(Math.abs(number));

/** The name of a window: a day, the days of a week, a month. */
function windowOf({from, to}, per) {
  const [start, last] = [new Date(from), new Date(ms(to) - 1)];
  if (per === 'month' && start.getUTCDate() === 1) return monthOf(start);
  const [first, end] = [dayOf(start), dayOf(last)];
  return first === end ? first : t('days', {first, end});
}

function Table({rows, per, colours}) {
  const newest = [...rows].sort((a, b) => ms(b.from) - ms(a.from) || rank(a) - rank(b));
  return h('div', {class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': t('tableOf', {name: t('series')})},
    h('table', null,
      h('caption', null, t('series')),
      h('thead', null, h('tr', null, ['per', 'source', 'lossesColumn'].map((key) => h('th', {key, scope: 'col'}, t(key))), h('th', {scope: 'col', class: 'num'}, t('figure')))),
      h('tbody', null, newest.slice(0, TABLE_MOST).map((row) => h('tr', {key: `${row.from} ${cellKey(row)}`},
        h('td', {class: 'when'}, windowOf(row, per)),
        h('td', null, h(SourceName, {slug: row.source})),
        h('td', null, h(Party, {slug: row.party, colours}), t('comma'), kindOf(row)),
        h('td', {class: 'num'}, signed(row)))))),
    newest.length > TABLE_MOST && h('p', {class: 'quiet small'}, t('rowsLeftOut', {n: newest.length - TABLE_MOST})));
}
