// Ceasefires: the joint status in words, what each source says of it, and the steps it went through.
import {h} from './preact/preact.mjs';
import {Flash, Named, Said, Source, Time} from './parts.js';
import {capital, spaced, statusFacts, statusMoves, violations} from './words.js';

/** One card for each ceasefire. */
export function Ceasefires({picture, story, live, names}) {
  const views = new Map();
  for (const view of picture.ceasefires) {
    if (!views.has(view.ceasefire)) views.set(view.ceasefire, []);
    views.get(view.ceasefire).push(view);
  }
  if (!views.size) return h('p', {class: 'quiet'}, 'Nothing was said of a ceasefire.');
  return [...views].map(([name, own]) => h(Ceasefire, {
    key: name, name, live, names, alone: views.size === 1 && name === 'main',
    joint: own.find((view) => view.view === 'joint'),
    sources: own.filter((view) => view.view !== 'joint'),
    steps: story.bands.find((band) => band.name === name)?.changes ?? [],
  }));
}

function Ceasefire({name, alone, joint, sources, steps, live, names}) {
  return h('section', {class: 'card ceasefire', 'aria-label': `Ceasefire ${name}`},
    h('h3', {class: alone ? 'unseen' : ''}, `Ceasefire ${name}`),
    joint && h('p', {class: 'status-line'}, h(Flash, {value: joint.version, live}, h(Status, {view: joint})), ' ', h(Facts, {view: joint})),
    sources.length > 0 && h('table', {class: 'says'},
      h('caption', {class: 'unseen'}, `Ceasefire ${name}, by source`),
      h('thead', {class: 'unseen'}, h('tr', null, h('th', {scope: 'col'}, 'Source'), h('th', {scope: 'col'}, 'Says'))),
      h('tbody', null, sources.map((view) => h('tr', {key: view.view},
        h(Named, {as: 'th', scope: 'row', slug: view.view.replace('source:', ''), names}),
        h('td', null, h(Flash, {value: view.version, live}, h(Status, {view, small: true})), ' ', h(Facts, {view})))))),
    steps.length > 0 && h('details', {class: 'steps'},
      h('summary', null, steps.length === 1 ? 'One step' : `${steps.length} steps`),
      h('ol', null, steps.map((change) => h(Step, {key: change.data.change_id, change})))));
}

/** A status with its colour and since when. */
export function Status({view, small}) {
  return h('span', {class: `status ${small ? 'small' : ''}`},
    h('i', {class: `chip status-${view.status}`, 'aria-hidden': 'true'}),
    h('b', null, capital(spaced(view.status))),
    view.since ? [' since ', h(Time, {at: view.since})] : null);
}

function Facts({view}) {
  const facts = [...statusFacts(view), violations(view)].filter(Boolean);
  return facts.length ? h('span', {class: 'facts'}, facts.join(' · ')) : null;
}

function Step({change}) {
  const {before, after, cause} = change.data;
  return h('li', null,
    h('span', {class: 'when'}, h(Time, {at: change.time, year: false})), ' ',
    statusMoves(before, after).join('; '),
    h('span', {class: 'quiet'}, cause.source ? [', says ', cause.source, ' ', h(StepLink, {cause})] : ', as time passed'));
}

function StepLink({cause}) {
  return h(Source, {url: cause.url}, h(Said, {class: 'headline', text: cause.headline ? `“${cause.headline}”` : cause.report_id}));
}
