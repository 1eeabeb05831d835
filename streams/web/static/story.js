// An episode's history by its changes: a line of figures for each cell, a band for each ceasefire.
// Time is the time of knowledge: the episode's clock when a change was published. It never goes back, so a report
// that came late is placed where it came to be known.

import {rank} from './words.js';

const VIOLATIONS = ['alleged', 'denied', 'confirmed'];

const causeTime = (data) => data.cause?.published_at ?? data.cause?.tick ?? null;
export const ms = (time) => Date.parse(time);
const slices = ({group, scope}) => (group ? `/group:${group}` : '') + (scope ? `/scope:${scope}` : '');
export const kindKey = (record) => `${record.outcome}/${record.population}${slices(record)}`;
/** A cell as `GET …/explain?cell=` names it: with its group and scope where it has one of them. */
export const explainName = ({source, party, outcome, population, group, scope}) =>
  [source, party, outcome, population, ...(group || scope ? [group ?? '', scope ?? ''] : [])].join('/');
export const cellKey = (cell) => `${cell.source}/${cell.party}/${kindKey(cell)}`;

/**
 * Give each change the time at which it was known: `at` in milliseconds, `time` as it is written; and `isRepeat` where
 * a source's new report has again a figure that it has raised since: an old toll, and no correction.
 */
export function dated(changes) {
  let at = -Infinity;
  let time = null;
  const raised = new Map();
  return changes.map((change) => {
    const said = causeTime(change.data);
    if (said && ms(said) > at) [at, time] = [ms(said), said];
    return {...change, at, time: time ?? said, isRepeat: change.topic === 'casualties' && repeats(change.data, raised)};
  });
}

function repeats(data, raised) {
  const {before, after, kind, cause} = data;
  const key = cellKey(data);
  if (!raised.has(key)) raised.set(key, new Set());
  if (kind === 'up' && before) raised.get(key).add(before.best);
  return kind === 'down' && cause?.revision === 1 && !cause.withdrawn && raised.get(key).has(after.best);
}

/** The story of changes in fold order, as `dated` gives them. */
export function storyOf(changes) {
  const lines = new Map();
  const views = new Map();
  for (const change of changes) {
    const {topic, data} = change;
    if (topic === 'casualties') {
      const key = cellKey(data);
      if (!lines.has(key)) lines.set(key, line(key, data));
      addPoint(lines.get(key), change);
    } else if (topic === 'ceasefires' && data.view === 'joint') {
      if (!views.has(data.ceasefire)) views.set(data.ceasefire, []);
      views.get(data.ceasefire).push(change);
    }
  }
  const moments = [...new Set(changes.map((change) => change.at))];
  const lastAt = moments.at(-1);
  const bands = [...views].map(([name, own]) => band(name, own, lastAt)).sort((a, b) => a.firstAt - b.firstAt);
  const firstAt = Math.min(...moments.slice(0, 1), ...bands.flatMap((one) => one.spans.map((span) => span.from)));
  return {lines: [...lines.values()], bands, moments, firstAt, lastAt};
}

/** The panels of a story: lines that may share a scale, killed first. */
export function panels(story) {
  const found = new Map();
  for (const one of [...story.lines].sort((a, b) => rank(a) - rank(b))) {
    const key = kindKey(one);
    if (!found.has(key)) {
      const {outcome, population, group, scope} = one;
      found.set(key, {key, outcome, population, group, scope, lines: []});
    }
    found.get(key).lines.push(one);
  }
  return [...found.values()];
}

function line(key, {source, party, outcome, population, group, scope}) {
  return {key, source, party, outcome, population, group, scope, points: [], greatest: 0};
}

function addPoint(own, change) {
  const {after, kind} = change.data;
  // Of several changes at one time only the last counts.
  if (own.points.at(-1)?.at === change.at) own.points.pop();
  const before = own.points.at(-1)?.best ?? null;
  const best = after?.best ?? null;
  const isDown = best !== null && before !== null && best < before && !change.isRepeat;
  own.points.push({at: change.at, best, low: after?.low ?? null, high: after?.high ?? null, isDown, kind, change});
  own.greatest = Math.max(own.greatest, best ?? 0);
}

function band(name, changes, lastAt) {
  const starts = changes.filter(moves).map((change) => ({from: movedAt(change), view: change.data.after, change}));
  const spans = starts.map((start, i) => ({...start, to: starts[i + 1]?.from ?? lastAt}));
  return {
    name,
    firstAt: changes[0].at,
    spans: spans.filter((span, i) => span.view && (span.to > span.from || i === spans.length - 1)),
    marks: changes.flatMap(marks),
    changes,
  };
}

function moves({data: {before, after}}) {
  return !before || !after || before.status !== after.status || before.since !== after.since;
}

/** The time at which a status moved: by the clock when it was due, else when it was reported. */
function movedAt({at, data: {before, after}}) {
  if (!before || !after) return at;
  const due = {in_effect: before.effective_at, expired: before.expires_at}[after.status];
  return due && due === after.since && ms(due) < at ? ms(due) : at;
}

function marks(change) {
  const {before, after} = change.data;
  if (!after) return [];
  const found = VIOLATIONS.filter((how) => after.violations[how] > (before?.violations[how] ?? 0));
  if (after.not_confirmed_by.some((name) => !before?.not_confirmed_by.includes(name))) found.push('not_confirmed');
  return found.map((what) => ({at: change.at, what, change}));
}
