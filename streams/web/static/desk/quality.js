// How often drafted claims were right: what people did with them, by tier and by reason.
import {h, Component} from '../preact/preact.mjs';
import {count, share, t} from '../i18n.js';
import {term} from '../words.js';
import {DeskLinks} from './queue.js';
import {fetchQuality} from './requests.js';

const TIERS = ['ready', 'check', 'ask'];

export class Quality extends Component {
  state = {found: null, error: null};

  componentDidMount() {
    this.aborts = new AbortController();
    fetchQuality(this.aborts.signal).then((found) => this.setState({found}), (error) => error.name !== 'AbortError' && this.setState({error}));
  }

  componentWillUnmount() {
    this.aborts.abort();
  }

  render(_, {found, error}) {
    return [
      h('div', {class: 'title'}, h('h1', null, t('quality')), h(DeskLinks, {here: 'quality'})),
      error && h('p', {class: 'notice', role: 'alert'}, t('qualityFailed', {reason: error.message})),
      !found && !error && h('p', {class: 'quiet'}, t('loading')),
      found?.documents === 0 && h('p', {class: 'quiet'}, t('nothingReviewed')),
      found?.documents > 0 && [
        h('p', null, t('reviewedDocuments', {n: found.documents}), t('comma'), t('addedByHand', {n: found.added})),
        h('p', {class: 'quiet small'}, t('qualityNote')),
        h(Tallies, {kind: 'tier', caption: t('byTier'), rows: TIERS.filter((name) => found.tiers[name]).map((name) => [name, found.tiers[name]])}),
        h(Tallies, {kind: 'reason', caption: t('byReason'), rows: Object.entries(found.reasons).sort(([, a], [, b]) => all(b) - all(a))}),
      ],
    ];
  }
}

const all = ({kept, edited, left}) => kept + edited + left;

const Tallies = ({kind, caption, rows}) => h('div', {class: 'card quality scroll', tabIndex: 0, role: 'region', 'aria-label': caption}, h('table', null,
  h('caption', null, caption),
  h('thead', null, h('tr', null, h('th', {scope: 'col'}, t(kind)), ['kept', 'changed', 'left', 'right'].map((key) => h('th', {key, scope: 'col', class: 'num'}, t(key))))),
  h('tbody', null, rows.map(([name, tally]) => h('tr', {key: name},
    h('th', {scope: 'row'}, term(kind, name)),
    ['kept', 'edited', 'left'].map((key) => h('td', {key, class: 'num'}, count(tally[key]))),
    h('td', {class: 'num'}, share(tally.kept / all(tally))))))));
