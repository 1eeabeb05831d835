// What each source says: one row a cell.
import {h, Component} from './preact/preact.mjs';
import {Flash, Said, Source, Time} from './parts.js';
import {cellKey} from './story.js';
import {bounds, CORRECTIONS, count, countChange, figure, listed, subjectOf} from './words.js';
import {Why} from './why.js';

/** The table of sources; `last` holds each cell's last change, `fresh` the cells that have just come. */
export function Sources({episode, at, cells, last, fresh, live, looks, names}) {
  if (!cells.length) return h('p', {class: 'quiet'}, 'No source has given a count.');
  return h('div', {class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Table: what each source says'},
    h('table', {class: 'sources'},
      h('caption', {class: 'unseen'}, 'What each source says now: figure, bounds, when it holds for, its last change and report'),
      h('thead', null, h('tr', null,
        h('th', {scope: 'col'}, 'Source, and whose losses'),
        h('th', {scope: 'col', class: 'num'}, 'Figure'),
        h('th', {scope: 'col'}, 'Range'),
        h('th', {scope: 'col'}, 'As of (UTC)'),
        h('th', {scope: 'col'}, 'Last change'),
        h('th', {scope: 'col'}, 'Report'),
        h('th', {scope: 'col'}, h('span', {class: 'unseen'}, 'Why')))),
      h('tbody', null, cells.map((cell) => {
        const key = cellKey(cell);
        return h(Row, {key, episode, at, cell, change: last.get(key), fresh: fresh.has(last.get(key)?.data.change_id), live, look: looks.get(`${cell.source}/${cell.party}`), known: names[cell.source]});
      }))));
}

class Row extends Component {
  render({episode, at, cell, change, fresh, live, look, known}, {open}) {
    const {value} = cell;
    const id = `why-${cellKey(cell)}`;
    return [
      h('tr', {class: `${value ? '' : 'gone'} ${open ? 'open' : ''}`},
        h('th', {scope: 'row'}, cell.source,
          known && h(Said, {class: 'source-name', text: known.name}),
          h('span', {class: 'cell-of'}, h('i', {class: `swatch ${look ? `line-${look.colour}` : ''}`, 'aria-hidden': 'true'}), subjectOf(cell))),
        h('td', {class: 'num', 'data-label': 'Figure'},
          h(Flash, {as: 'b', class: 'figure', value: cell.version, live, fresh}, value ? count(value.best) : 'withdrawn'),
          value?.final ? h('span', {class: 'tag'}, 'final') : null),
        h('td', {'data-label': 'Range'}, value ? bounds(value) : '–',
          value?.disputed_by.length ? h('span', {class: 'tag doubt'}, `disputed by ${listed(value.disputed_by)}`) : null),
        h('td', {'data-label': 'As of (UTC)', class: 'when'}, value ? h(Time, {at: value.as_of}) : '–'),
        h('td', {'data-label': 'Last change'}, change ? h(LastChange, {change}) : '–'),
        h('td', {'data-label': 'Report'}, change ? h(Report, {cause: change.data.cause}) : cell.report_id ?? '–'),
        h('td', {class: 'ask'}, h('button', {
          type: 'button', 'aria-expanded': String(Boolean(open)), 'aria-controls': open ? id : null,
          'aria-label': `Why: ${cell.source}, ${subjectOf(cell)}`, onClick: () => this.setState({open: !open}),
        }, 'Why?'))),
      open && h('tr', {class: 'why', id}, h('td', {colSpan: 7}, h(Why, {episode, cell, at}))),
    ];
  }
}

function LastChange({change}) {
  const {data} = change;
  return [
    h('span', {class: data.kind in CORRECTIONS ? `correction ${data.kind}` : ''}, shortly(data)),
    h('span', {class: 'asof'}, ' ', h(Time, {at: change.time, year: false})),
  ];
}

function shortly(data) {
  const {kind, before, after} = data;
  if (kind === 'up') return `up by ${count(after.best - before.best)}`;
  if (kind === 'down') return `corrected down by ${count(before.best - after.best)}`;
  if (kind === 'first') return 'first figure';
  if (kind === 'withdrawn') return `${figure(before)} withdrawn`;
  if (kind === 'bounds') return 'range changed';
  if (kind === 'restored') return 'restored';
  return countChange(data).replace(`${figure(after)} `, '');
}

function Report({cause}) {
  if (!cause?.report_id) return 'time passing';
  return h(Source, {url: cause.url}, h(Said, {class: 'headline', text: cause.headline || cause.report_id}));
}
