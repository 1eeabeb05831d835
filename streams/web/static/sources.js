// What each source says: one row a cell, to be filtered and sorted.
import {h, Component} from './preact/preact.mjs';
import {move, route} from './address.js';
import {capital, listed} from './format.js';
import {count, t} from './i18n.js';
import {partyName, sourceName} from './names.js';
import {AsOf, Flash, Party, Said, Source, SourceName, Time} from './parts.js';
import {TakeAway} from './share.js';
import {cellKey} from './story.js';
import {Why} from './why.js';
import {CORRECTIONS, kindOf, qualifier, range, rank, shortChange, sources as sourceNames, subjectOf} from './words.js';

const FILTER_FROM = 8;
const ORDERS = {
  kind: (a, b) => rank(a) - rank(b) || compare(partyName(a.party), partyName(b.party)) || newer(a, b),
  source: (a, b) => compare(sourceName(a.source), sourceName(b.source)) || rank(a) - rank(b),
  figure: (a, b) => (b.value?.best ?? -1) - (a.value?.best ?? -1),
  as_of: (a, b) => newer(a, b),
};
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const newer = (a, b) => compare(b.value?.as_of ?? '', a.value?.as_of ?? '');

/** The table of sources; `last` holds each cell's last change, `fresh` the cells that have just come. */
export class Sources extends Component {
  constructor(props) {
    super(props);
    const {filter, sort} = route();
    this.state = {filter: filter ?? '', sort: Object.hasOwn(ORDERS, sort ?? '') ? sort : 'kind'};
  }

  filter(filter) {
    move({filter});
    this.setState({filter});
  }

  sort(sort) {
    move({sort: sort === 'kind' ? null : sort});
    this.setState({sort});
  }

  render({cells, last, fresh, share, ...rest}, {filter, sort}) {
    if (!cells.length) return h('p', {class: 'quiet'}, t('noCells'));
    const wanted = filter.trim().toLowerCase();
    const kept = cells.filter((cell) => !wanted || `${cell.source} ${sourceName(cell.source)} ${subjectOf(cell)}`.toLowerCase().includes(wanted))
      .sort(ORDERS[sort]);
    const column = (key, words, number) => h('th', {scope: 'col', class: number ? 'num' : '', 'aria-sort': sort === key ? (key === 'figure' || key === 'as_of' ? 'descending' : 'ascending') : null},
      h('button', {type: 'button', class: 'sorts', onClick: () => this.sort(key)}, words));
    return h('section', {class: 'card', id: 'card-sources', 'aria-label': t('bySource')},
      h('div', {class: 'card-head'},
        cells.length >= FILTER_FROM ? h('label', {class: 'filter'}, h('span', {class: 'unseen'}, t('filterSources')),
          h('input', {type: 'search', placeholder: t('filterSources'), value: filter, onInput: (event) => this.filter(event.target.value)})) : h('span'),
        h('span', {class: 'quiet small', role: 'status'}, wanted ? t('rowsOf', {n: kept.length, all: count(cells.length)}) : ''),
        h(TakeAway, {...share, what: t('bySource'), card: 'sources', figures: ''})),
      h('table', {class: 'sources'},
        h('caption', {class: 'unseen'}, t('sourcesCaption')),
        h('thead', null, h('tr', null, column('source', t('source')), column('kind', t('lossesColumn')), column('figure', t('figure'), true), column('as_of', t('asOf')),
          h('th', {scope: 'col'}, t('lastChange')), h('th', {scope: 'col'}, t('report')), h('th', {scope: 'col'}, h('span', {class: 'unseen'}, t('why'))))),
        h('tbody', null, kept.map((cell) => {
          const key = cellKey(cell);
          return h(Row, {key, cell, change: last.get(key), fresh: fresh.has(last.get(key)?.data.change_id), ...rest});
        }))));
  }
}

class Row extends Component {
  constructor(props) {
    super(props);
    this.state = {open: route().why === cellKey(props.cell)};
  }

  toggle() {
    const open = !this.state.open;
    move({why: open ? cellKey(this.props.cell) : null});
    this.setState({open});
  }

  render({episode, at, cell, change, fresh, live, colours, newest}, {open}) {
    const {value} = cell;
    const id = `why-${cellKey(cell)}`;
    return [
      h('tr', {class: `${value ? '' : 'gone'} ${open ? 'open' : ''}`},
        h(SourceName, {as: 'th', scope: 'row', slug: cell.source}),
        h('td', {class: 'cell-of', 'data-label': t('lossesColumn')}, h(Party, {slug: cell.party, colours}), t('comma'), kindOf(cell)),
        h('td', {class: 'num', 'data-label': t('figure')}, h(Figure, {value, version: cell.version, live, fresh})),
        h('td', {'data-label': t('asOf'), class: 'when'}, value ? h(AsOf, {at: value.as_of, newest}) : '–'),
        h('td', {'data-label': t('lastChange')}, change ? h(LastChange, {change}) : '–'),
        h('td', {'data-label': t('report')}, change ? h(Report, {cause: change.data.cause}) : cell.report_id ?? '–'),
        h('td', {class: 'ask'}, h('button', {
          type: 'button', 'aria-expanded': String(Boolean(open)), 'aria-controls': open ? id : null,
          'aria-label': t('whyOf', {source: sourceName(cell.source), subject: subjectOf(cell)}), onClick: () => this.toggle(),
        }, t('why')))),
      open && h('tr', {class: 'why', id}, h('td', {colSpan: 7}, h(Why, {episode, cell, at}))),
    ];
  }
}

function Figure({value, version, live, fresh}) {
  if (!value) return h(Flash, {class: 'figure', value: version, live, fresh}, capital(t('withdrawn')));
  const span = range(value);
  return [
    qualifier(value) && h('span', {class: 'qualifier'}, qualifier(value), ' '),
    h(Flash, {as: 'b', class: 'figure', value: version, live, fresh}, count(value.best)),
    span && h('span', {class: 'bounds'}, span),
    value.final ? h('span', {class: 'tag'}, t('final')) : null,
    value.disputed_by.length ? h('span', {class: 'tag doubt'}, t('disputedBy', {names: listed([sourceNames(value.disputed_by)])})) : null,
  ];
}

function LastChange({change}) {
  const {data, isRepeat} = change;
  return [
    h('span', {class: CORRECTIONS.has(data.kind) && !isRepeat ? `correction ${data.kind}` : ''}, shortChange(change)),
    h('span', {class: 'asof'}, ' ', h(Time, {at: change.time})),
  ];
}

function Report({cause}) {
  if (!cause?.report_id) return t('asTimePassed');
  return h(Source, {url: cause.url}, h(Said, {class: 'headline', text: cause.headline || t('reportId', {id: cause.report_id})}));
}
