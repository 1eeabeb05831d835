// The list of episodes: each in short, the one that changed last first.
import {h, Component} from './preact/preact.mjs';
import {hashOf, move, route} from './address.js';
import {Status} from './ceasefire.js';
import {count, rich, t} from './i18n.js';
import {episodeSummary, episodeTexts, episodeTitle, partyName} from './names.js';
import {Flash, SourceName, Time} from './parts.js';
import {boundsOf, oldestPart} from './totals.js';
import {age, figure, kindOf, parties as partyNames, qualifier, rank} from './words.js';

const CLASSES = ['self_reported', 'other_party_claimed', 'third_party'];
const CLAIMS_MOST = 3;

export class Episodes extends Component {
  state = {filter: route().filter ?? ''};

  filter(filter) {
    move({filter});
    this.setState({filter});
  }

  render({episodes, live, error}, {filter}) {
    const wanted = filter.trim().toLowerCase();
    const kept = episodes?.filter(({episode}) => episodeTexts(episode).includes(wanted))
      .sort((a, b) => ((a.clock ?? '') < (b.clock ?? '') ? 1 : (a.clock ?? '') > (b.clock ?? '') ? -1 : a.episode < b.episode ? -1 : 1));
    return [
      h('div', {class: 'title'}, h('h1', null, t('episodes')),
        episodes?.length > 1 && h('label', {class: 'filter'}, h('span', {class: 'unseen'}, t('searchEpisodes')),
          h('input', {type: 'search', placeholder: t('searchEpisodes'), value: filter, onInput: (event) => this.filter(event.target.value)}))),
      error && h('p', {class: 'notice', role: 'alert'}, t('episodesFailed', {reason: error})),
      !episodes && !error && h('p', {class: 'quiet'}, t('loading')),
      episodes?.length === 0 && h(Nothing),
      kept?.length > 0 && h('table', {class: 'episodes', onKeyDown: walk},
        h('caption', {class: 'unseen'}, t('episodesCaption')),
        h('thead', null, h('tr', null, ['episode', 'ceasefire', 'losses', 'newestReport'].map((key) => h('th', {key, scope: 'col'}, t(key))))),
        h('tbody', null, kept.map((one) => h(Row, {key: one.episode, one, live})))),
      episodes?.length > 0 && kept.length === 0 && h('p', {class: 'quiet'}, t('noMatch', {text: filter})),
    ];
  }
}

function Nothing() {
  return h('div', {class: 'card nothing'},
    h('p', null, t('nothingYet')),
    h('p', {class: 'quiet'}, rich('sendSome', {send: h('code', null, `truceline send reports.jsonl --to ${location.origin}`), demo: h('code', null, 'truceline demo')})));
}

function Row({one, live}) {
  const {episode, ceasefires, clock} = one;
  const summary = episodeSummary(episode);
  return h('tr', null,
    h('th', {scope: 'row'}, h('a', {href: hashOf({name: episode, lang: route().lang})}, episodeTitle(episode)), summary && h('p', {class: 'summary'}, h('bdi', null, summary))),
    h('td', {'data-label': t('ceasefire')}, ceasefires.length === 0 ? h('span', {class: 'quiet'}, t('noCeasefireShort'))
      : ceasefires.map((view) => h('div', {key: view.ceasefire}, ceasefires.length > 1 && h('span', {class: 'quiet'}, `${view.ceasefire} `),
        h(Flash, {value: `${view.status} ${view.since}`, live}, h(Status, {view, small: true}))))),
    h('td', {'data-label': t('losses')}, h(InShort, {one, live})),
    h('td', {class: 'when', 'data-label': t('newestReport')}, h(Time, {at: clock})));
}

/** Totals of the parties' own figures; where no side reports its own losses, the leading claims. */
function InShort({one, live}) {
  const totals = one.totals.filter((total) => !total.group && !total.scope).sort((a, b) => rank(a) - rank(b));
  if (totals.length) return totals.map((total) => h(Total, {key: `${total.outcome}/${total.population}`, total, live, rows: one.parties ?? [], newest: one.clock}));
  const claims = (one.parties ?? []).filter((row) => !row.group && !row.scope).sort((a, b) => rank(a) - rank(b))
    .flatMap((row) => CLASSES.filter((name) => row[name]).map((name) => ({...row, said: row[name]})));
  if (!claims.length) return h('span', {class: 'quiet'}, t('noFigureShort'));
  return [
    claims.slice(0, CLAIMS_MOST).map(({party, outcome, population, said}) => h('div', {key: `${party}/${outcome}/${population}/${said.source}`, class: 'in-short'},
      h(Flash, {as: 'b', class: 'figure', value: said.best, live}, said.sources == null ? count(said.best) : figure(said)), ' ', kindOf({outcome, population}), t('comma'), h('bdi', null, partyName(party)),
      h('span', {class: 'who'}, ' ', rich('asClaimedBy', {source: h(SourceName, {slug: said.source, mark: false})}), h(Old, {at: said.as_of, newest: one.clock})))),
    claims.length > CLAIMS_MOST && h('div', {class: 'quiet small'}, t('moreClaims', {n: claims.length - CLAIMS_MOST})),
  ];
}

const Old = ({at, newest}) => at && age(at, newest) && h('span', {class: 'old'}, age(at, newest));

function Total({total, live, rows, newest}) {
  // A snapshot of version 1 has the bounds of the class here, which are not those of its figures.
  const words = rows.some((row) => row.self_reported?.sources == null) ? '' : qualifier(boundsOf(total, rows));
  const parts = Object.entries(total.parts).map(([party, best]) => `${count(best)} ${partyName(party)}`).join(' + ');
  return h('div', {class: 'in-short'}, words && h('span', {class: 'qualifier'}, words, ' '),
    h(Flash, {as: 'b', class: 'figure', value: total.best, live}, count(total.best)), ' ', kindOf(total), h('span', {class: 'parts'}, ` = ${parts}`),
    total.missing.length > 0 && h('span', {class: 'who'}, ` ${t('missing', {names: partyNames(total.missing)})}`),
    h('span', {class: 'who'}, h(Old, {at: oldestPart(total, rows), newest})));
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
