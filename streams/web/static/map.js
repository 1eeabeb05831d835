// A map of losses by place: circles by figure on the outlines of countries, and a list that says the same.
import {h, Component} from './preact/preact.mjs';
import {move, route} from './address.js';
import {capital} from './format.js';
import {t} from './i18n.js';
import {partyName, placeName, sourceName} from './names.js';
import {Party} from './parts.js';
import {fetchPlaces} from './server.js';
import {kindKey} from './story.js';
import {figure, kindOf, rank} from './words.js';
import {outlines} from './world.js';

const HEIGHT_PX = 380;
const CIRCLE_PX = 26;
const LEAST_PX = 3.5;
const LETTER_PX = 7;
const LINE_PX = 14;
/** A map shows so many degrees at least: a single place with its surroundings. */
const SPAN_DEG = 1.2;
const MARGIN = 0.18;
const LIST_FIRST = 12;

/** The places of an episode, where the atlas has coordinates for one of them. */
export class Places extends Component {
  constructor(props) {
    super(props);
    this.state = {of: route().places ?? ''};
  }

  componentDidMount() {
    this.aborts = new AbortController();
    this.observer = new ResizeObserver(([entry]) => this.setState({width: Math.floor(entry.contentRect.width)}));
    this.load();
  }

  componentDidUpdate(before) {
    if (before.through !== this.props.through) this.load();
  }

  componentWillUnmount() {
    this.aborts.abort();
    this.observer.disconnect();
  }

  async load() {
    if (this.isLoading) return;
    this.isLoading = true;
    try {
      const rows = await fetchPlaces(this.props.episode, this.aborts.signal);
      const shapes = rows.some(isPlaced) ? await outlines() : null;
      this.setState({rows, shapes, error: null});
    } catch (error) {
      if (error.name !== 'AbortError') this.setState({error: t('placesFailed', {reason: error.message})});
    } finally {
      this.isLoading = false;
    }
  }

  choose(of) {
    move({places: of});
    this.setState({of});
  }

  render({colours}, {rows, shapes, error, of, width = 0, all}) {
    if (error) return h('p', {class: 'notice', role: 'alert'}, error);
    if (!rows?.some(isPlaced)) return null;
    const kinds = kindsOf(rows);
    const kind = kinds.find(({key}) => key === of) ?? kinds[0];
    const placed = kind.rows.filter(isPlaced);
    const listed = all ? kind.rows : kind.rows.slice(0, LIST_FIRST);
    return [
      h('h2', null, t('byPlace')),
      h('section', {class: 'places card', 'aria-label': t('byPlace')},
        h('div', {class: 'choices'}, h('label', null, `${t('figuresOf')} `, h('select', {value: kind.key, onChange: (event) => this.choose(event.target.value)},
          kinds.map(({key, first}) => h('option', {key, value: key, selected: key === kind.key}, `${capital(kindOf(first))}${t('comma')}${sourceName(first.source)}`))))),
        h('p', {class: 'quiet small'}, t('placesNote')),
        h('div', {class: 'map-and-list'},
          h('div', {class: 'map', dir: 'ltr', ref: (box) => { if (box) this.observer.observe(box); }},
            width > 0 && placed.length > 0 && h(Drawing, {rows: placed, shapes, width, colours})),
          h('div', {class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': t('tableOf', {name: t('byPlace')})},
            h('table', null,
              h('thead', null, h('tr', null, h('th', {scope: 'col'}, t('place')), h('th', {scope: 'col'}, t('lossesColumn')), h('th', {scope: 'col', class: 'num'}, t('figure')))),
              h('tbody', null, listed.map((row) => h('tr', {key: `${row.place} ${row.party}`},
                h('th', {scope: 'row'}, h('bdi', {title: row.place}, placeName(row.place)), !isPlaced(row) && [' ', h('span', {class: 'tag'}, t('notOnMap'))]),
                h('td', null, h(Party, {slug: row.party, colours})),
                h('td', {class: 'num'}, figure(row)))))),
            listed.length < kind.rows.length && h('button', {type: 'button', onClick: () => this.setState({all: true})}, t('morePlaces', {n: kind.rows.length - listed.length}))))),
    ];
  }
}

const isPlaced = (row) => row.lat !== null && row.lon !== null;

/** The kinds of figures, each of one source: those with most places first. Each one's places by figure. */
function kindsOf(rows) {
  const kinds = new Map();
  for (const row of rows) {
    const key = `${kindKey(row)}/${row.source}`;
    if (!kinds.has(key)) kinds.set(key, {key, first: row, rows: []});
    kinds.get(key).rows.push(row);
  }
  for (const kind of kinds.values()) kind.rows.sort((a, b) => b.best - a.best || (a.place < b.place ? -1 : 1));
  return [...kinds.values()].sort((a, b) => b.rows.length - a.rows.length || rank(a.first) - rank(b.first));
}

function Drawing({rows, shapes, width, colours}) {
  const {project, box} = projection(rows, width);
  const circles = circlesOf(rows, project, Math.min(CIRCLE_PX, width / 16));
  return h('svg', {width, height: HEIGHT_PX, viewBox: `0 0 ${width} ${HEIGHT_PX}`, role: 'group', 'aria-label': t('mapOf', {n: circles.length})},
    h('rect', {class: 'sea', width, height: HEIGHT_PX}),
    h('path', {class: 'land', d: shapes.land(project, box)}),
    h('path', {class: 'borders', d: shapes.borders(project, box)}),
    circles.map(({row, x, y, r}) => {
      const words = t('placeWords', {place: placeName(row.place), figure: `${partyName(row.party)} ${figure(row)}`});
      return h('circle', {key: `${row.place} ${row.party}`, class: `place line-${colours.get(row.party) ?? 0}`, cx: x, cy: y, r, tabIndex: 0, role: 'img', 'aria-label': words}, h('title', null, words));
    }),
    labelsOf(circles, width).map(({place, x, y, anchor}) => h('text', {key: place, class: 'place-name', x, y: y + 4, 'text-anchor': anchor, 'aria-hidden': 'true'}, placeName(place))));
}

/** A circle for each figure; those of several parties in one place are side by side. */
function circlesOf(rows, project, greatest) {
  const most = Math.max(...rows.map((row) => row.best), 1);
  const radius = ({best}) => Math.max(LEAST_PX, greatest * Math.sqrt(Math.max(0, best) / most));
  return [...Map.groupBy(rows, (row) => row.place).values()].flatMap((own) => {
    const [middle, y] = project(own[0].lon, own[0].lat);
    let x = middle - own.reduce((sum, row) => sum + radius(row), 0);
    return [...own].sort((a, b) => (a.party < b.party ? -1 : 1)).map((row) => {
      const r = radius(row);
      x += 2 * r;
      return {row, x: x - r, y, r};
    });
  });
}

/** Names beside circles, the greatest first, where there is room for them. */
function labelsOf(circles, width) {
  const placed = [];
  for (const own of Map.groupBy(circles, ({row}) => row.place).values()) {
    const {row: {place}, y} = own[0];
    const [left, right] = [Math.min(...own.map((one) => one.x - one.r)), Math.max(...own.map((one) => one.x + one.r))];
    const long = LETTER_PX * placeName(place).length;
    const isLeft = right + long > width;
    const label = {place, y, x: isLeft ? left - 4 : right + 4, anchor: isLeft ? 'end' : 'start'};
    const box = {from: isLeft ? label.x - long : label.x, to: isLeft ? label.x : label.x + long, y};
    if (placed.every(({box: other}) => Math.abs(other.y - y) > LINE_PX || other.to < box.from || other.from > box.to)) placed.push({label, box});
  }
  return placed.map(({label}) => label);
}

/** Plate carrée, true to scale in the middle: [x, y] in px of a place, and the degrees that are seen. */
function projection(rows, width) {
  const [lons, lats] = [rows.map((row) => row.lon), rows.map((row) => row.lat)];
  const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
  const [lon0, lat0] = [middle(lons), middle(lats)];
  const squeeze = Math.max(0.2, Math.cos((lat0 * Math.PI) / 180));
  const across = Math.max(SPAN_DEG, (Math.max(...lons) - Math.min(...lons)) * squeeze * (1 + 2 * MARGIN));
  const down = Math.max(SPAN_DEG, (Math.max(...lats) - Math.min(...lats)) * (1 + 2 * MARGIN));
  const px = Math.min(width / across, HEIGHT_PX / down);
  const project = (lon, lat) => [width / 2 + (lon - lon0) * squeeze * px, HEIGHT_PX / 2 - (lat - lat0) * px];
  const half = [width / 2 / px / squeeze, HEIGHT_PX / 2 / px];
  return {project, box: [lon0 - half[0], lat0 - half[1], lon0 + half[0], lat0 + half[1]]};
}
