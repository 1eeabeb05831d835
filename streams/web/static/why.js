// Why a figure is what it is: every claim about it, and what became of each.
import {h, Component} from './preact/preact.mjs';
import {Said, Source, Time} from './parts.js';
import {fetchAccount} from './server.js';
import {cellKey} from './story.js';
import {count, figure} from './words.js';

/** Of what counts no longer, so many claims are shown, the newest. */
const OUT_MOST = 25;
const ROLES = {
  base: 'counts', added: 'added', disputed: 'denial', superseded: 'overtaken', replaced: 'replaced', refused: 'refused',
};

/** The account of a cell; asked for again when the cell's version or the time shown is another. */
export class Why extends Component {
  componentDidMount() {
    this.ask();
  }

  componentDidUpdate(before) {
    const {cell, at} = this.props;
    if (before.cell.version !== cell.version || before.at !== at) this.ask();
  }

  componentWillUnmount() {
    this.aborts?.abort();
  }

  async ask() {
    const {episode, cell, at} = this.props;
    this.aborts?.abort();
    this.aborts = new AbortController();
    try {
      const {cells: [account]} = await fetchAccount(episode, cellKey(cell), at, this.aborts.signal);
      this.setState({account, error: account ? null : 'nothing is known of it'});
    } catch (error) {
      if (error.name !== 'AbortError') this.setState({error: error.message});
    }
  }

  render({cell}, {account, error}) {
    if (error) return h('p', {class: 'notice', role: 'alert'}, `Why cannot be said: ${error}`);
    if (!account) return h('p', {class: 'quiet'}, 'Loading …');
    const {claims, left} = claimsOf(account);
    return h('div', {class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': `Table: why ${cellKey(cell)}`},
      h('table', {class: 'claims'},
        h('caption', {class: 'unseen'}, `Every claim about ${cellKey(cell)}, and what became of it`),
        h('thead', null, h('tr', null, h('th', {scope: 'col'}, 'Claim'), h('th', {scope: 'col', class: 'num'}, 'Figure'),
          h('th', {scope: 'col'}, 'As of (UTC)'), h('th', {scope: 'col'}, 'Who said so'))),
        h('tbody', null, claims.map((claim) => h(Claim, {key: `${claim.role} ${claim.said.report_id} ${claim.said.revision} ${claim.said.claim}`, ...claim})))),
      left > 0 && h('p', {class: 'quiet small'}, `${count(left)} older claims are not shown here: truceline explain shows all.`));
  }
}

function claimsOf({base, increments, disputed, superseded, replaced, refused}) {
  const counted = [
    ...(base ? [{role: 'base', said: base, words: figure(base)}] : []),
    ...increments.map((said) => ({role: 'added', said, words: added(said)})),
    ...disputed.map((said) => ({role: 'disputed', said, words: ''})),
  ];
  const out = Object.entries({superseded, replaced, refused})
    .flatMap(([role, all]) => all.map((said) => ({role, said, words: (said.basis === 'incremental' ? '+' : '') + figure(said)})))
    .sort((a, b) => (a.said.published_at < b.said.published_at ? 1 : -1));
  return {claims: [...counted, ...out.slice(0, OUT_MOST)], left: Math.max(0, out.length - OUT_MOST)};
}

/** An increment that reaches back behind the base may overlap it: it adds to the upper bound alone. */
function added(said) {
  return said.adds_to === 'high' ? `+0–${said.high === null ? '?' : count(said.high)}` : `+${figure(said)}`;
}

function Claim({role, said, words}) {
  const why = said.why ?? (said.denies ? `denies ${said.denies.report_id}, claim ${said.denies.claim}` : null);
  return h('tr', {class: `claim-${role}`},
    h('th', {scope: 'row'}, ROLES[role]),
    h('td', {class: 'num figure'}, words),
    h('td', {class: 'when'}, said.as_of ? h(Time, {at: said.as_of}) : '–'),
    h('td', null,
      h('b', null, said.source), said.relayed_by && h('span', {class: 'quiet'}, ` carried by ${said.relayed_by}`),
      h('span', {class: 'quiet'}, ', ', h(Time, {at: said.published_at})), ': ',
      h(Source, {url: said.url}, h(Said, {text: said.headline || `report ${said.report_id}`})),
      said.revision > 1 && h('span', {class: 'tag'}, `revision ${said.revision}`),
      why && h('div', {class: 'quiet small'}, h(Said, {text: why}))));
}
