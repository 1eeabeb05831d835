// The list of episodes: how each stands, in short.
import {h, Component} from './preact/preact.mjs';
import {Status} from './ceasefire.js';
import {Flash, Time} from './parts.js';
import {count, kindOf, listed, rank} from './words.js';

const FILTER_FROM = 8;

export class Episodes extends Component {
  state = {filter: ''};

  render({episodes, live, error}, {filter}) {
    const kept = episodes?.filter(({episode}) => episode.includes(filter.trim().toLowerCase()));
    return [
      h('div', {class: 'title'}, h('h1', null, 'Episodes'),
        episodes?.length >= FILTER_FROM && h('label', {class: 'filter'}, h('span', {class: 'unseen'}, 'Show only episodes named'),
          h('input', {type: 'search', placeholder: 'Filter by name', value: filter, onInput: (event) => this.setState({filter: event.target.value})}))),
      error && h('p', {class: 'notice', role: 'alert'}, `The episodes cannot be had: ${error}`),
      !episodes && !error && h('p', {class: 'quiet'}, 'Loading …'),
      episodes?.length === 0 && h(Nothing),
      kept?.length > 0 && h('table', {class: 'episodes', onKeyDown: walk},
        h('caption', {class: 'unseen'}, 'Episodes: ceasefire, losses as each side says of itself, and when each was last heard of'),
        h('thead', null, h('tr', null, ['Episode', 'Ceasefire', 'Losses, as each side says of itself', 'As of (UTC)'].map((words) => h('th', {scope: 'col'}, words)))),
        h('tbody', null, kept.map((one) => h(Row, {key: one.episode, one, live})))),
      episodes?.length > 0 && kept.length === 0 && h('p', {class: 'quiet'}, `No episode has “${filter}” in its name.`),
    ];
  }
}

function Nothing() {
  return h('div', {class: 'card nothing'},
    h('p', null, 'No report has come in yet.'),
    h('p', {class: 'quiet'}, 'Send some: ', h('code', null, 'truceline send reports.jsonl --to '), h('code', null, location.origin),
      ', or see a story told: ', h('code', null, 'truceline demo'), '.'));
}

function Row({one, live}) {
  const {episode, ceasefires, totals, clock} = one;
  return h('tr', null,
    h('th', {scope: 'row'}, h('a', {href: `#/${encodeURIComponent(episode)}`}, episode)),
    h('td', {'data-label': 'Ceasefire'}, ceasefires.length === 0 ? h('span', {class: 'quiet'}, 'none spoken of')
      : ceasefires.map((view) => h('div', {key: view.ceasefire}, ceasefires.length > 1 && h('span', {class: 'quiet'}, `${view.ceasefire} `),
        h(Flash, {value: `${view.status} ${view.since}`, live}, h(Status, {view, small: true}))))),
    h('td', {'data-label': 'Losses'}, totals.length === 0 ? h('span', {class: 'quiet'}, 'no side has given a figure')
      : [...totals].sort((a, b) => rank(a) - rank(b)).map((total) => h(Total, {key: `${total.outcome}/${total.population}`, total, live}))),
    h('td', {class: 'when', 'data-label': 'As of (UTC)'}, h(Time, {at: clock})));
}

function Total({total, live}) {
  const parts = Object.entries(total.parts).map(([party, best]) => `${count(best)} ${party}`).join(' + ');
  return h('div', {class: 'in-short'}, h(Flash, {as: 'b', class: 'figure', value: total.best, live}, count(total.best)),
    h('span', {class: 'quiet'}, ` ${kindOf(total)}`), h('span', {class: 'parts'}, ` = ${parts}`),
    total.missing.length > 0 && h('span', {class: 'missing'}, `; no word from ${listed(total.missing)}`));
}

/** Up and down go from episode to episode. */
function walk(event) {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step || event.target.tagName !== 'A') return;
  const links = [...event.currentTarget.querySelectorAll('th a')];
  const next = links[links.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
