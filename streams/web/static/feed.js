// What changed, newest first: an entry for each report or tick that caused something, with all that it changed.
import {h, Component} from './preact/preact.mjs';
import {move, route} from './address.js';
import {rich, t} from './i18n.js';
import {sourceName} from './names.js';
import {Said, Source, SourceName, Time} from './parts.js';
import {ceasefireName, countChange, isCorrection, statementWords, statusMoves, subjectOf, tagOf, viewSource} from './words.js';

const AT_FIRST = 12;
const MORE = 100;
const QUOTED_MOST = 280;

export class Feed extends Component {
  state = {most: AT_FIRST, only: route().corrections === 'only'};

  componentDidMount() {
    // On paper there is no button for more: all corrections are printed, and how many other entries are left out.
    addEventListener('beforeprint', this.whole = () => this.setState({printing: true}));
    addEventListener('afterprint', this.again = () => this.setState({printing: false}));
  }

  componentWillUnmount() {
    removeEventListener('beforeprint', this.whole);
    removeEventListener('afterprint', this.again);
  }

  pick() {
    const only = !this.state.only;
    move({corrections: only ? 'only' : null});
    this.setState({only, most: AT_FIRST});
  }

  render({changes, complete, fresh}, {most, only, printing}) {
    const isOnly = only || (printing && changes.length > AT_FIRST);
    const cards = grouped(isOnly ? changes.filter(isCorrection) : changes);
    return h('section', {class: 'changes', 'aria-labelledby': 'feed-title'},
      h('div', {class: 'section-head'},
        h('h2', {id: 'feed-title'}, t(printing && isOnly ? 'corrections' : 'whatChanged')),
        h('label', {class: 'only'},
          h('input', {type: 'checkbox', checked: only, onChange: () => this.pick()}), t('correctionsOnly'))),
      cards.length === 0 && h('p', {class: 'quiet'}, t(isOnly ? 'noCorrection' : 'noChange')),
      h('ol', {class: 'feed card', 'aria-labelledby': 'feed-title', hidden: cards.length === 0},
        (printing ? cards : cards.slice(0, most)).map((card) => h(Card, {key: card.key, card, fresh: fresh.has(card.changes[0].data.change_id)}))),
      !printing && cards.length > most && h('button', {type: 'button', class: 'more', onClick: () => this.setState({most: most + MORE})}, t('moreReports', {n: cards.length - most})),
      printing && isOnly && h('p', {class: 'quiet small'}, t('notPrinted', {n: changes.filter((change) => !isCorrection(change)).length})),
      !complete && h('p', {class: 'quiet small'}, t('olderNotKept')));
  }
}

/** Changes of one cause together, the newest first. */
function grouped(changes) {
  const cards = [];
  for (const change of changes) {
    const {cause} = change.data;
    const name = cause?.report_id ? `${cause.report_id}@${cause.revision}` : `tick ${cause?.tick}`;
    if (cards.at(-1)?.name === name) cards.at(-1).changes.push(change);
    else cards.push({name, key: `${name} ${change.data.change_id}`, cause, time: change.time, changes: [change]});
  }
  return cards.reverse();
}

function Card({card, fresh}) {
  const {cause, changes, time} = card;
  return h('li', {class: fresh ? 'entry fresh' : 'entry'},
    h('p', {class: 'cause'},
      h('span', {class: 'when'}, h(Time, {at: cause?.published_at ?? cause?.tick ?? time})),
      cause?.source ? h(SourceName, {as: 'b', slug: cause.source}) : h('b', null, t(cause?.tick ? 'timePassing' : 'registryChanged')),
      cause?.relayed_by && h('span', {class: 'quiet'}, rich('via', {name: h(SourceName, {slug: cause.relayed_by, mark: false})}))),
    h('ul', null, changes.map((change) => h('li', {key: change.data.change_id, class: isCorrection(change) ? 'is-correction' : ''}, h(Words, {change})))),
    cause?.report_id && h('p', {class: 'report'},
      h(Source, {url: cause.url}, h(Said, {class: 'headline', text: cause.headline || t('reportId', {id: cause.report_id})})),
      cause.revision > 1 && h('span', {class: 'tag'}, t('revision', {number: cause.revision})),
      cause.withdrawn && h('span', {class: 'tag doubt'}, t('reportWithdrawn'))));
}

function Words({change}) {
  const {topic, data} = change;
  if (topic === 'casualties') {
    const mark = tagOf(change);
    return [mark && h('span', {class: 'tag'}, mark), h('span', {class: 'subject'}, subjectOf(data)), ': ', countChange(change)];
  }
  if (topic === 'ceasefires') {
    const whose = data.view === 'joint' ? '' : ` (${sourceName(viewSource(data.view))})`;
    return [h('span', {class: 'subject'}, ceasefireName(data.ceasefire) + whose), ': ', statusMoves(data.before, data.after).join('; ')];
  }
  const said = data.after ?? data.before;
  return [
    !data.after && h('span', {class: 'tag doubt'}, t('withdrawn')),
    h('span', {class: 'subject'}, statementWords(said)),
    said.text && [': ', h(Quoted, {text: said.text})],
  ];
}

/** What was said, word for word; of much the beginning until it is opened. */
function Quoted({text}) {
  if (text.length <= QUOTED_MOST) return h('q', null, h(Said, {text}));
  return h('details', {class: 'long'},
    h('summary', null, h('q', null, h(Said, {text: `${text.slice(0, QUOTED_MOST)}…`}))),
    h('q', null, h(Said, {text})));
}
