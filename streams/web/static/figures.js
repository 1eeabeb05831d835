// The charts as tables; their rows are made once they are opened.
import {h, Component} from './preact/preact.mjs';
import {capital} from './format.js';
import {t} from './i18n.js';
import {Party, SourceName, Time} from './parts.js';
import {CORRECTIONS, countChange, figure, kindOf} from './words.js';

export class Figures extends Component {
  render({panels, colours}, {open}) {
    return h('details', {class: 'figures', onToggle: (event) => this.setState({open: event.target.open})},
      h('summary', null, t('asTables')),
      open && panels.map((panel) => h(Table, {key: panel.key, panel, colours})));
  }
}

function Table({panel, colours}) {
  const rows = panel.lines.flatMap((line) => line.points.map((point) => ({line, point})));
  rows.sort((a, b) => a.point.at - b.point.at);
  const name = t('overTimeOf', {kind: capital(kindOf(panel))});
  return h('div', {class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': t('tableOf', {name})},
    h('table', null,
      h('caption', null, name),
      h('thead', null, h('tr', null,
        ['knownUtc', 'source', 'lossesColumn'].map((key) => h('th', {key, scope: 'col'}, t(key))),
        h('th', {scope: 'col', class: 'num'}, t('figure')), h('th', {scope: 'col'}, t('change')))),
      h('tbody', null, rows.map(({line, point: {change}}) => h('tr', {key: change.data.change_id},
        h('td', {class: 'when'}, h(Time, {at: change.time})),
        h('td', null, h(SourceName, {slug: line.source})),
        h('td', null, h(Party, {slug: line.party, colours})),
        h('td', {class: 'num'}, figure(change.data.after)),
        h('td', {class: CORRECTIONS.has(change.data.kind) && !change.isRepeat ? `correction ${change.data.kind}` : ''}, countChange(change)))))));
}
