// Ceasefires: the joint status in words, each source's view of it, and the steps it went through.
import {h} from './preact/preact.mjs';
import {capital} from './format.js';
import {rich, t} from './i18n.js';
import {Flash, Said, Source, SourceName, Time} from './parts.js';
import {TakeAway} from './share.js';
import {ceasefireName, statusFacts, statusMoves, statusWords, viewSource, violations} from './words.js';

/** One card for each ceasefire. */
export function Ceasefires({picture, story, live, share}) {
  const views = new Map();
  for (const view of picture.ceasefires) {
    if (!views.has(view.ceasefire)) views.set(view.ceasefire, []);
    views.get(view.ceasefire).push(view);
  }
  if (!views.size) return h('p', {class: 'quiet'}, t('noCeasefire'));
  return [...views].map(([name, own]) => h(Ceasefire, {
    key: name, name, live, share,
    joint: own.find((view) => view.view === 'joint'),
    sources: own.filter((view) => view.view !== 'joint'),
    steps: story.bands.find((band) => band.name === name)?.changes ?? [],
  }));
}

function Ceasefire({name, joint, sources, steps, live, share}) {
  const title = ceasefireName(name);
  return h('section', {class: 'card ceasefire', id: `card-ceasefire.${name}`, 'aria-label': title},
    h('div', {class: 'card-head'}, h('h3', null, title),
      h(TakeAway, {...share, what: title, card: `ceasefire.${name}`, figures: joint ? statusWords(joint.status) : ''})),
    joint && h('p', {class: 'status-line'}, h(Flash, {value: joint.version, live}, h(Status, {view: joint})), ' ', h(Facts, {view: joint})),
    sources.length > 0 && h('table', {class: 'says'},
      h('caption', {class: 'unseen'}, t('ceasefireBySource', {name: title})),
      h('thead', {class: 'unseen'}, h('tr', null, h('th', {scope: 'col'}, t('source')), h('th', {scope: 'col'}, t('view')))),
      h('tbody', null, sources.map((view) => h('tr', {key: view.view},
        h(SourceName, {as: 'th', scope: 'row', slug: viewSource(view.view)}),
        h('td', null, h(Flash, {value: view.version, live}, h(Status, {view, small: true})), ' ', h(Facts, {view})))))),
    steps.length > 0 && h('details', {class: 'steps'},
      h('summary', null, t('steps', {n: steps.length})),
      h('ol', null, steps.map((change) => h(Step, {key: change.data.change_id, change})))));
}

/** A status with its colour and since when. */
export function Status({view, small}) {
  return h('span', {class: `status ${small ? 'small' : ''}`},
    h('i', {class: `chip status-${view.status}`, 'aria-hidden': 'true'}),
    h('b', null, capital(statusWords(view.status))),
    view.since ? [' ', rich('since', {time: h(Time, {at: view.since})})] : null);
}

function Facts({view}) {
  const facts = [...statusFacts(view), violations(view)].filter(Boolean);
  return facts.length ? h('span', {class: 'facts'}, facts.join(' · ')) : null;
}

function Step({change}) {
  const {before, after, cause} = change.data;
  return h('li', null,
    h('span', {class: 'when'}, h(Time, {at: change.time})), ' ',
    statusMoves(before, after).join('; '),
    h('span', {class: 'quiet'}, t('comma'), cause.source ? [rich('says', {name: h(SourceName, {slug: cause.source})}), ' ', h(StepLink, {cause})] : t('asTimePassed')));
}

function StepLink({cause}) {
  return h(Source, {url: cause.url}, h(Said, {class: 'headline', text: cause.headline ? `“${cause.headline}”` : t('reportId', {id: cause.report_id})}));
}
