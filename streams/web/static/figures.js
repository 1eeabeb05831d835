// What the charts show, as tables; their rows are made once they are opened.
import {h, Component} from './preact/preact.mjs';
import {Time} from './parts.js';
import {capital, CORRECTIONS, countChange, figure, kindOf, partyWords} from './words.js';

export class Figures extends Component {
  render({panels}, {open}) {
    return h('details', {class: 'figures', onToggle: (event) => this.setState({open: event.target.open})},
      h('summary', null, 'The same as tables'),
      open && panels.map((panel) => h(Table, {key: panel.key, panel})));
  }
}

function Table({panel}) {
  const rows = panel.lines.flatMap((line) => line.points.map((point) => ({line, point})));
  rows.sort((a, b) => a.point.at - b.point.at);
  const name = capital(kindOf(panel));
  return h('div', {class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': `Table: ${name} over time`},
    h('table', null,
      h('caption', null, `${name} over time`),
      h('thead', null, h('tr', null,
        ['Known (UTC)', 'Source', 'Losses of'].map((words) => h('th', {scope: 'col'}, words)),
        h('th', {scope: 'col', class: 'num'}, 'Figure'), h('th', {scope: 'col'}, 'Change'))),
      h('tbody', null, rows.map(({line, point}) => h('tr', {key: point.change.data.change_id},
        h('td', {class: 'when'}, h(Time, {at: point.change.time})),
        h('td', null, line.source),
        h('td', null, partyWords(line.party)),
        h('td', {class: 'num'}, figure(point.change.data.after)),
        h('td', {class: point.kind in CORRECTIONS ? `correction ${point.kind}` : ''}, countChange(point.change.data)))))));
}
