// What changed, newest first: a card for each report or tick that caused something, with all that it changed.
import {h, Component} from './preact/preact.mjs';
import {Named, Said, Source, Time} from './parts.js';
import {capital, CORRECTIONS, countChange, spaced, statementWords, statusMoves, subjectOf} from './words.js';

const AT_FIRST = 40;
const MORE = 100;
const QUOTED_MOST = 280;

export class Feed extends Component {
  state = {most: AT_FIRST, only: false};

  render({changes, complete, fresh, names}, {most, only}) {
    const kept = only ? changes.filter(isCorrection) : changes;
    const cards = grouped(kept);
    return [
      h('div', {class: 'feed-head'},
        h('h2', {id: 'feed-title'}, 'What changed'),
        h('label', {class: 'only'},
          h('input', {type: 'checkbox', checked: only, onChange: () => this.setState({only: !only, most: AT_FIRST})}), 'Corrections only')),
      cards.length === 0 && h('p', {class: 'quiet'}, only ? 'No figure was corrected.' : 'Nothing yet.'),
      h('ol', {class: 'feed', 'aria-labelledby': 'feed-title'},
        cards.slice(0, most).map((card) => h(Card, {key: card.key, card, names, fresh: fresh.has(card.changes[0].data.change_id)}))),
      cards.length > most && h('button', {type: 'button', onClick: () => this.setState({most: most + MORE})},
        `Show more of ${cards.length} reports`),
      !complete && h('p', {class: 'quiet small'}, 'Older changes are not kept here; the log has them.'),
    ];
  }
}

export const isCorrection = ({topic, data}) => (topic === 'casualties' ? data.kind in CORRECTIONS : data.after === null);

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

function Card({card, fresh, names}) {
  const {cause, changes, time} = card;
  return h('li', {class: fresh ? 'card entry fresh' : 'card entry'},
    h('p', {class: 'cause'},
      h('span', {class: 'when'}, h(Time, {at: cause?.published_at ?? cause?.tick ?? time})),
      cause?.source ? h(Named, {as: 'b', slug: cause.source, names}) : h('b', null, cause?.tick ? 'Time passing' : 'Another source registry'),
      cause?.relayed_by && h('span', {class: 'quiet'}, `carried by ${cause.relayed_by}`)),
    h('ul', null, changes.map((change) => h('li', {key: change.data.change_id, class: isCorrection(change) ? 'is-correction' : ''}, h(Words, {change})))),
    cause?.report_id && h('p', {class: 'report'},
      h(Source, {url: cause.url}, h(Said, {class: 'headline', text: cause.headline || `report ${cause.report_id}`})),
      cause.revision > 1 && h('span', {class: 'tag'}, `revision ${cause.revision}`),
      cause.withdrawn && h('span', {class: 'tag doubt'}, 'report withdrawn')));
}

function Words({change}) {
  const {topic, data} = change;
  if (topic === 'casualties') {
    const mark = CORRECTIONS[data.kind];
    return [mark && h('span', {class: `tag correction-${data.kind}`}, mark), h('span', {class: 'subject'}, subjectOf(data)), ': ', countChange(data)];
  }
  if (topic === 'ceasefires') {
    const whose = data.view === 'joint' ? '' : ` (${data.view.replace('source:', '')})`;
    const name = data.ceasefire === 'main' ? 'Ceasefire' : `Ceasefire ${data.ceasefire}`;
    return [h('span', {class: 'subject'}, name + whose), ': ', statusMoves(data.before, data.after).join('; ')];
  }
  const said = data.after ?? data.before;
  return [
    !data.after && h('span', {class: 'tag doubt'}, 'withdrawn'),
    h('span', {class: 'subject'}, capital(spaced(statementWords(said)))),
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
