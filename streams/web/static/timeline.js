// The timeline of an episode: step charts, the bands of its ceasefires and the slider over its past, on one time axis.
import {h, Component} from './preact/preact.mjs';
import {gutters, inset, placed, spanOf} from './axis.js';
import {Chart} from './chart.js';
import {Figures} from './figures.js';
import {looksOf, shown} from './looks.js';
import {Past} from './past.js';
import {panels} from './story.js';
import {capital, partyWords, spaced, told} from './words.js';

const MAX_PANELS = 6;
const MAX_BANDS = 12;
const MARK_PX = 11;
const THIN = new Set(['none', 'ended', 'expired', 'rejected', 'never_took_effect']);
const MARKS = {
  alleged: ['violation alleged', '×'], denied: ['violation denied', '○'],
  confirmed: ['violation confirmed', '✖'], not_confirmed: ['not confirmed by a party', '?'],
};

export class Timeline extends Component {
  componentDidMount() {
    this.observer = new ResizeObserver(([entry]) => this.setState({width: Math.floor(entry.contentRect.width)}));
    this.observer.observe(this.box);
  }

  componentWillUnmount() {
    this.observer.disconnect();
  }

  shouldComponentUpdate(next, {width}) {
    const {whole, story, at, clock} = this.props;
    return next.whole !== whole || next.story !== story || next.at !== at || next.clock !== clock || width !== this.state.width;
  }

  render({whole, story, at, clock, onPast, complete}, {width = 0}) {
    // The axis is that of the whole story, also where only its past is shown.
    const all = panels(whole);
    const end = Math.max(whole.lastAt, clock);
    const until = at ?? end;
    const range = spanOf(whole.firstAt, end);
    const room = gutters(all);
    const now = new Map(panels(story).map((panel) => [panel.key, panel]));
    const looks = looksOf(whole.lines);
    const bands = whole.bands.slice(-MAX_BANDS);
    const current = new Map(story.bands.map((band) => [band.name, band]));
    const missing = [
      all.length > MAX_PANELS && `${all.length - MAX_PANELS} more outcomes not drawn`,
      bands.length < whole.bands.length && `${whole.bands.length - bands.length} earlier ceasefires not drawn`,
      !complete && 'older changes not kept here',
    ].filter(Boolean);
    return h('div', {class: 'timeline card'}, h('div', {ref: (box) => { this.box = box; }}),
      all.slice(0, MAX_PANELS).map((panel, index) => h(Chart, {
        key: panel.key, panel: now.get(panel.key) ?? {...panel, lines: []}, scale: panel, range, room, looks, width,
        until, tall: index === 0, labelled: index === Math.min(all.length, MAX_PANELS) - 1,
      })),
      bands.length > 0 && h('div', {class: 'bands', ref: inset(room)},
        bands.map((band) => h(Band, {key: band.name, band: current.get(band.name), name: band.name, several: bands.length > 1, range, until, msPerPx: (range[1] - range[0]) / Math.max(1, width - room.left - room.right)}))),
      width > 0 && h(Past, {moments: whole.moments, range, at, onPast, room}),
      h(Legend, {lines: all.flatMap((panel) => shown(panel.lines, looks)), looks, whole}),
      h(Figures, {panels: [...now.values()]}),
      missing.length > 0 && h('p', {class: 'quiet small'}, `${capital(missing.join('; '))}.`));
  }
}

function Band({band, name, several, range, until, msPerPx}) {
  const spans = (band?.spans ?? []).map((span, i, all) => (i === all.length - 1 ? {...span, to: Math.max(span.from, until)} : span));
  return h('div', {class: 'band', role: 'img', 'aria-label': bandWords(name, spans, band?.marks ?? [])},
    several && h('span', {class: 'band-name'}, name),
    h('div', {class: 'marks'}, spread(band?.marks ?? [], msPerPx).map((mark) => h('span', {
      key: mark.change.data.change_id + mark.what, class: `band-mark ${mark.what}`, title: `${MARKS[mark.what][0]}, ${told(mark.change.time)} UTC`,
      ref: placed(mark.place, null, range),
    }, MARKS[mark.what][1]))),
    h('div', {class: 'rail'}, spans.map((span) => h('span', {
      key: span.change.data.change_id, class: `span status-${span.view.status} ${THIN.has(span.view.status) ? 'thin' : ''}`,
      title: `${spaced(span.view.status)}, from ${told(new Date(span.from))} UTC`, ref: placed(span.from, span.to, range),
    }, h('span', null, spaced(span.view.status))))));
}

/** Marks side by side where they would cover each other. */
function spread(marks, msPerPx) {
  let free = -Infinity;
  return marks.map((mark) => {
    const place = Math.max(mark.at, free);
    free = place + MARK_PX * msPerPx;
    return {...mark, place};
  });
}

function bandWords(name, spans, marks) {
  const steps = spans.map((span) => `${spaced(span.view.status)} from ${told(new Date(span.from))}`);
  const said = marks.map((mark) => `${MARKS[mark.what][0]} ${told(mark.change.time)}`);
  return `Ceasefire ${name}: ${[...steps, ...said].join('; ') || 'nothing yet'}`;
}

function Legend({lines, looks, whole}) {
  const named = new Map(lines.map((line) => [`${line.source}/${line.party}`, line]));
  const points = whole.lines.flatMap((line) => line.points);
  const marks = whole.bands.flatMap((band) => band.marks.map((mark) => mark.what));
  const statuses = new Set(whole.bands.flatMap((band) => band.spans.map((span) => span.view.status)));
  const others = whole.lines.length - lines.length;
  return h('ul', {class: 'legend'},
    [...named].sort(([, a], [, b]) => (a.party + a.source < b.party + b.source ? -1 : 1)).map(([key, line]) => h('li', {key},
      h('svg', {width: 28, height: 10, 'aria-hidden': 'true', class: `line-${looks.get(key).colour}`},
        h('line', {x1: 1, x2: 27, y1: 5, y2: 5, 'stroke-dasharray': looks.get(key).dash.join(' ')})),
      `${partyWords(line.party)}, by ${line.source}`)),
    others > 0 && h('li', {class: 'faint'}, `${others} more lines, of smaller figures`),
    points.some((point) => point.isDown) && h('li', null, h('span', {class: 'sign', 'aria-hidden': 'true'}, '▼'), 'corrected downwards'),
    points.some((point) => point.best === null) && h('li', null, h('span', {class: 'sign', 'aria-hidden': 'true'}, '○'), 'withdrawn'),
    points.some((point) => point.low !== point.high && point.low !== null && point.high !== null)
      && h('li', null, h('i', {class: 'swatch-range', 'aria-hidden': 'true'}), 'range, low to high'),
    [...statuses].map((status) => h('li', {key: status}, h('i', {class: `chip status-${status}`, 'aria-hidden': 'true'}), `ceasefire ${spaced(status)}`)),
    Object.entries(MARKS).filter(([what]) => marks.includes(what)).map(([what, [words, sign]]) => h('li', {key: what},
      h('span', {class: 'sign', 'aria-hidden': 'true'}, sign), words)));
}
