// The queue: documents that wait for a person, the oldest first.
import {h, Component} from '../preact/preact.mjs';
import {deskHash} from '../address.js';
import {listed} from '../format.js';
import {count, t} from '../i18n.js';
import {episodeTitle, sourceName} from '../names.js';
import {Said, Time} from '../parts.js';
import {fetchDrafts} from './requests.js';

const TIERS = ['ready', 'check', 'ask'];

export class Queue extends Component {
  state = {drafts: null, more: false, error: null, tier: ''};

  componentDidMount() {
    this.aborts = new AbortController();
    this.load();
  }

  /** Load the first drafts, or those after the last one. */
  load() {
    const known = this.state.drafts ?? [];
    fetchDrafts(known.at(-1)?.id ?? null, this.aborts.signal).then(({drafts, more}) => this.setState({drafts: [...known, ...drafts], more}), (error) => error.name !== 'AbortError' && this.setState({error}));
  }

  componentWillUnmount() {
    this.aborts.abort();
  }

  render(_, {drafts, more, error, tier}) {
    const kept = drafts?.filter(({tiers}) => !tier || tiers[tier] > 0);
    return [
      h('div', {class: 'title'}, h('h1', null, t('review')), h(DeskLinks, {here: 'review'})),
      error && h('p', {class: 'notice', role: 'alert'}, t('draftsFailed', {reason: error.message})),
      !drafts && !error && h('p', {class: 'quiet'}, t('loading')),
      drafts?.length === 0 && h('div', {class: 'card nothing'}, h('p', null, t('nothingWaits')), h('p', {class: 'quiet'}, t('nothingWaitsHelp'))),
      drafts?.length > 0 && h('p', {class: 'queue-tools'}, more ? t('waitingMore', {n: drafts.length}) : t('waiting', {n: drafts.length}), ' ',
        h('label', null, h('span', {class: 'unseen'}, t('showTier')), h('select', {value: tier, onChange: (event) => this.setState({tier: event.target.value})},
          h('option', {value: ''}, t('allTiers')), TIERS.map((name) => h('option', {key: name, value: name}, t(`tier.${name}`)))))),
      kept?.length > 0 && h('table', {class: 'queue'},
        h('caption', {class: 'unseen'}, t('queueCaption')),
        h('thead', null, h('tr', null, ['document', 'outlet', 'published', 'episode', 'claims'].map((key) => h('th', {key, scope: 'col'}, t(`queue.${key}`))))),
        h('tbody', null, kept.map((draft) => h(Row, {key: draft.id, draft})))),
      more && h('p', null, h('button', {type: 'button', onClick: () => this.load()}, t('loadMore'))),
    ];
  }
}

function Row({draft}) {
  const {id, title, lang, outlet, published_at: published, episode, tiers, open_by: openBy} = draft;
  return h('tr', null,
    h('th', {scope: 'row'}, h('a', {href: deskHash('review', id)}, h(Said, {text: title || id, lang})), openBy.length > 0 && [' ', h('span', {class: 'tag'}, t('openBy', {names: listed(openBy)}))]),
    h('td', {'data-label': t('queue.outlet')}, h('bdi', null, sourceName(outlet))),
    h('td', {class: 'when', 'data-label': t('queue.published')}, h(Time, {at: published})),
    h('td', {'data-label': t('queue.episode')}, episode ? h('bdi', null, episodeTitle(episode)) : h('span', {class: 'quiet'}, t('noEpisode'))),
    h('td', {'data-label': t('queue.claims')}, h(Tiers, {tiers})));
}

/** How many claims each tier has. */
const Tiers = ({tiers}) => {
  const there = TIERS.filter((name) => tiers[name]);
  if (there.length === 0) return h('span', {class: 'quiet'}, t('noClaim'));
  return there.map((name) => h('span', {key: name, class: `tier tier-${name}`}, `${count(tiers[name])} ${t(`tier.${name}`)}`));
};

/** Links between the pages of the desk. */
export const DeskLinks = ({here}) => h('nav', {class: 'desk-links', 'aria-label': t('desk')},
  ['review', 'new', 'quality'].map((name) => h('a', {key: name, href: deskHash(name), 'aria-current': name === here ? 'page' : undefined}, t(`desk.${name}`))));
