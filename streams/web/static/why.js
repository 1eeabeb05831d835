// Why a figure is what it is: every claim about it, and the effect of each; the newest first, more on demand.
import {h, Component} from './preact/preact.mjs';
import {count, rich, t} from './i18n.js';
import {Said, Source, SourceName, Time} from './parts.js';
import {fetchAccount} from './server.js';
import {cellKey, explainName} from './story.js';
import {figure} from './words.js';

/** Claims that count no longer are asked for and shown so many at a time. */
const AT_FIRST = 25;
const MORE = 100;

/** The account of a cell; asked for again when the cell's version or the time shown is another. */
export class Why extends Component {
  state = {most: AT_FIRST};

  componentDidMount() {
    this.ask(AT_FIRST);
  }

  componentDidUpdate(before) {
    const {cell, at} = this.props;
    if (before.cell.version !== cell.version || before.at !== at) this.ask(this.state.most);
  }

  componentWillUnmount() {
    this.aborts?.abort();
  }

  async ask(most) {
    const {episode, cell, at} = this.props;
    this.aborts?.abort();
    this.aborts = new AbortController();
    try {
      const {cells} = await fetchAccount(episode, explainName(cell), at, most, this.aborts.signal);
      const account = cells.find((each) => cellKey(each) === cellKey(cell));
      this.setState({account, most, error: account ? null : t('noSuchCell')});
    } catch (error) {
      if (error.name !== 'AbortError') this.setState({error: error.message});
    }
  }

  render({cell}, {account, error, most}) {
    if (error) return h('p', {class: 'notice', role: 'alert'}, t('whyFailed', {reason: error}));
    if (!account) return h('p', {class: 'quiet'}, t('loading'));
    const {claims, left} = claimsOf(account, most);
    return h('div', {class: 'account'},
      h('table', {class: 'claims'},
        h('caption', {class: 'unseen'}, t('claimsCaption', {cell: cellKey(cell)})),
        h('thead', null, h('tr', null, ['claim', 'figure', 'asOf', 'whoSaidSo'].map((key) => h('th', {key, scope: 'col'}, t(key))))),
        h('tbody', null, claims.map((claim) => h(Claim, {key: `${claim.role} ${claim.said.report_id} ${claim.said.revision} ${claim.said.claim}`, ...claim})))),
      left > 0 && h('button', {type: 'button', class: 'more', onClick: () => this.ask(most + MORE)}, t('olderClaims', {n: left})));
  }
}

function claimsOf(account, most) {
  const {base, increments, disputed, superseded, replaced, refused, left = 0} = account;
  const counted = [
    ...(base ? [{role: 'base', said: base, words: figure(base)}] : []),
    ...increments.map((said) => ({role: 'added', said, words: added(said)})),
    ...disputed.map((said) => ({role: 'disputed', said, words: ''})),
  ];
  const out = Object.entries({superseded, replaced, refused})
    .flatMap(([role, all]) => all.map((said) => ({role, said, words: (said.basis === 'incremental' ? '+' : '') + figure(said)})))
    .sort((a, b) => (a.said.published_at < b.said.published_at ? 1 : -1));
  return {claims: [...counted, ...out.slice(0, most)], left: left + Math.max(0, out.length - most)};
}

/** An increment that reaches back behind the base may overlap it: it adds to the upper bound alone. */
function added(said) {
  return said.adds_to === 'high' ? `+0–${said.high === null ? '?' : count(said.high)}` : `+${figure(said)}`;
}

function Claim({role, said, words}) {
  const why = said.why ?? (said.denies ? t('denies', {report: said.denies.report_id, claim: said.denies.claim + 1}) : null);
  return h('tr', {class: `claim-${role}`},
    h('th', {scope: 'row', title: t(`role.${role}.help`)}, t(`role.${role}`)),
    h('td', {class: 'figure'}, words),
    h('td', {class: 'when'}, said.as_of ? h(Time, {at: said.as_of}) : '–'),
    h('td', null,
      h(SourceName, {as: 'b', slug: said.source}), said.relayed_by && h('span', {class: 'quiet'}, ' ', rich('via', {name: h(SourceName, {slug: said.relayed_by, mark: false})})),
      h('span', {class: 'quiet'}, t('comma'), h(Time, {at: said.published_at})), ': ',
      h(Source, {url: said.url}, h(Said, {text: said.headline || t('reportId', {id: said.report_id}), lang: said.lang})),
      said.revision > 1 && h('span', {class: 'tag'}, t('revision', {number: said.revision})),
      said.quote && h('q', {class: 'quote'}, h(Said, {text: said.quote, lang: said.lang})),
      why && h('div', {class: 'quiet small'}, h(Said, {text: why, lang: said.why ? 'en' : undefined}))));
}
