// The timeline of an episode: step charts and the bands of its ceasefires, on one time axis.
import {h, Component} from './preact/preact.mjs';
import {move, route} from './address.js';
import {gutters, inset, placed, spanOf} from './axis.js';
import {Chart} from './chart.js';
import {capital, told} from './format.js';
import {Figures} from './figures.js';
import {t} from './i18n.js';
import {looksOf, shown} from './looks.js';
import {partyName, sourceName} from './names.js';
import {panels} from './story.js';
import {ceasefireName, statusWords} from './words.js';

const MAX_PANELS = 6;
const MAX_BANDS = 12;
const MARK_PX = 11;
const THIN = new Set(['none', 'ended', 'expired', 'rejected', 'never_took_effect']);
const MARKS = {alleged: '×', denied: '○', confirmed: '✖', not_confirmed: '?'};

export class Timeline extends Component {
  state = {hidden: new Set((route().hide ?? '').split(',').filter(Boolean))};

  componentDidMount() {
    this.observer = new ResizeObserver(([entry]) => this.setState({width: Math.floor(entry.contentRect.width)}));
    this.observer.observe(this.box);
  }

  componentWillUnmount() {
    this.observer.disconnect();
  }

  shouldComponentUpdate(next, state) {
    const moved = ['whole', 'story', 'at', 'clock', 'picture'].some((name) => this.props[name] !== next[name]);
    return moved || state !== this.state;
  }

  /** Switch a line off or on, by `source/party`. */
  toggle(key) {
    const hidden = new Set(this.state.hidden);
    if (!hidden.delete(key)) hidden.add(key);
    move({hide: [...hidden].join(',')});
    this.setState({hidden});
  }

  render({whole, story, at, clock, complete, colours, heard, share}, {width = 0, hidden}) {
    // The axis is that of the whole story, also where only its past is shown.
    const all = panels(whole);
    const end = Math.max(whole.lastAt, clock);
    const until = at ?? end;
    const range = spanOf(whole.firstAt, end);
    const room = gutters(all, width);
    const now = new Map(panels(story).map((panel) => [panel.key, panel]));
    const looks = looksOf(whole.lines, colours);
    const bands = whole.bands.slice(-MAX_BANDS);
    const current = new Map(story.bands.map((band) => [band.name, band]));
    const missing = [
      all.length > MAX_PANELS && t('panelsLeftOut', {n: all.length - MAX_PANELS}),
      bands.length < whole.bands.length && t('ceasefiresLeftOut', {n: whole.bands.length - bands.length}),
      !complete && t('olderNotKept'),
    ].filter(Boolean);
    return h('div', {class: 'timeline card'}, h('div', {ref: (box) => { this.box = box; }}),
      all.slice(0, MAX_PANELS).map((panel, index) => h(Chart, {
        key: panel.key, panel: now.get(panel.key) ?? {...panel, lines: []}, scale: panel, range, room, looks, width, hidden, heard, share,
        until, tall: index === 0,
      })),
      bands.length > 0 && h('div', {class: 'bands', dir: 'ltr', ref: inset(room)},
        bands.map((band) => h(Band, {key: band.name, band: current.get(band.name), name: band.name, several: bands.length > 1, range, until, msPerPx: (range[1] - range[0]) / Math.max(1, width - room.left - room.right)}))),
      h(Legend, {lines: all.slice(0, MAX_PANELS).flatMap((panel) => shown(panel.lines)), looks, whole, hidden, onToggle: (key) => this.toggle(key)}),
      h(Figures, {panels: [...now.values()], colours}),
      missing.length > 0 && h('p', {class: 'quiet small'}, capital(missing.join('; '))));
  }
}

function Band({band, name, several, range, until, msPerPx}) {
  const spans = (band?.spans ?? []).map((span, i, all) => (i === all.length - 1 ? {...span, to: Math.max(span.from, until)} : span));
  return h('div', {class: 'band', role: 'img', 'aria-label': bandWords(name, spans, band?.marks ?? [])},
    several && h('span', {class: 'band-name'}, ceasefireName(name)),
    h('div', {class: 'marks'}, spread(band?.marks ?? [], msPerPx).map((mark) => h('span', {
      key: mark.change.data.change_id + mark.what, class: `band-mark ${mark.what}`, title: `${t(`mark.${mark.what}`)}, ${told(mark.change.time)} UTC`,
      ref: placed(mark.place, null, range),
    }, MARKS[mark.what]))),
    h('div', {class: 'rail'}, spans.map((span) => h('span', {
      key: span.change.data.change_id, class: `span status-${span.view.status} ${THIN.has(span.view.status) ? 'thin' : ''}`,
      title: `${statusWords(span.view.status)}, ${t('fromTime', {time: told(new Date(span.from))})} UTC`, ref: placed(span.from, span.to, range),
    }, h('span', null, statusWords(span.view.status))))));
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
  const steps = spans.map((span) => `${statusWords(span.view.status)} ${t('fromTime', {time: told(new Date(span.from))})}`);
  const said = marks.map((mark) => `${t(`mark.${mark.what}`)} ${told(mark.change.time)}`);
  return `${ceasefireName(name)}: ${[...steps, ...said].join('; ') || t('noChange')}`;
}

function Legend({lines, looks, whole, hidden, onToggle}) {
  const named = new Map(lines.map((line) => [`${line.source}/${line.party}`, line]));
  const points = whole.lines.flatMap((line) => line.points);
  const marks = whole.bands.flatMap((band) => band.marks.map((mark) => mark.what));
  const statuses = new Set(whole.bands.flatMap((band) => band.spans.map((span) => span.view.status)));
  const others = whole.lines.length - new Set(lines).size;
  const sign = (shape) => h('span', {class: 'sign', 'aria-hidden': 'true'}, shape);
  return h('ul', {class: 'legend'},
    [...named].sort(([, a], [, b]) => (a.party + a.source < b.party + b.source ? -1 : 1)).map(([key, line]) => h('li', {key},
      h('button', {type: 'button', class: 'switch', 'aria-pressed': String(!hidden.has(key)), title: t('switchLine'), onClick: () => onToggle(key)},
        h('svg', {width: 28, height: 10, 'aria-hidden': 'true', class: `line-${looks.get(key).colour}`},
          h('line', {x1: 1, x2: 27, y1: 5, y2: 5, 'stroke-dasharray': looks.get(key).dash.join(' ')})),
        t('lineName', {party: partyName(line.party), source: sourceName(line.source)})))),
    others > 0 && h('li', {class: 'faint'}, t('moreLines', {n: others})),
    points.some((point) => point.isDown) && h('li', null, sign('▼'), t('mark.down')),
    points.some((point) => point.best === null) && h('li', null, sign('○'), t('withdrawn')),
    h('li', null, sign('┤'), t('mark.silent')),
    points.some((point) => point.low !== point.high && point.low !== null && point.high !== null)
      && h('li', null, h('i', {class: 'swatch-range', 'aria-hidden': 'true'}), t('mark.range')),
    [...statuses].map((status) => h('li', {key: status}, h('i', {class: `chip status-${status}`, 'aria-hidden': 'true'}), `${t('ceasefire')}: ${statusWords(status)}`)),
    Object.keys(MARKS).filter((what) => marks.includes(what)).map((what) => h('li', {key: what}, sign(MARKS[what]), t(`mark.${what}`))));
}
