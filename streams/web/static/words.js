// Figures, ceasefires and changes in the words of the reader's language.
import {capital, listed, plain, spaced, told} from './format.js';
import {count, has, length, t} from './i18n.js';
import {partyName, scopeWords, sourceName} from './names.js';

export const OUTCOMES = ['killed', 'killed_or_missing', 'killed_or_wounded', 'wounded', 'missing', 'captured'];
const POPULATIONS = ['military', 'civilian', 'mixed', 'unknown'];
/** A figure is old where the episode's newest report is so much newer. */
export const OLD_MS = 30 * 86_400_000;

/** Where an outcome and population stand in lists: killed first, the military first, parts after the whole. */
export const rank = ({outcome, population, group, scope}) =>
  OUTCOMES.indexOf(outcome) * 100 + POPULATIONS.indexOf(population) * 10 + (scope ? 4 : 0) + (group ? 2 : 0);

/** A word of the contract in the reader's language; one that is unknown here as it is. */
export const term = (kind, word) => (has(`${kind}.${word}`) ? t(`${kind}.${word}`) : spaced(word));
export const statusWords = (status) => term('status', status);
export const groupWords = (group) => term('group', group);

/** An outcome, population, group and scope: `killed, civilians, children, since 10 Oct 2025`. */
export function kindOf({outcome, population, group, scope}) {
  const words = [term('outcome', outcome), term('population', population), group && groupWords(group), scope && scopeWords(scope)];
  return listed(words.filter(Boolean));
}

export const subjectOf = (record) => `${partyName(record.party)} ${kindOf(record)}`;

/** Words before a figure that its bounds make of it: `at least`, `at most`, `about` or nothing. */
export function qualifier({best, low, high}) {
  // A record of version 1 may have no bounds: then there is nothing to say about them.
  if (low === undefined && high === undefined) return '';
  if (low === best && high == null) return t('atLeast');
  if (high === best && low == null) return t('atMost');
  if (low == null && high == null) return t('about');
  return '';
}

/** A figure's own range: `55–80`, `from 55`, `up to 80`; nothing where none was given. */
export function range({best, low, high}) {
  if (low === best && high === best) return '';
  if (low != null && high != null) return `${count(low)}–${count(high)}`;
  if (low != null && low !== best) return t('from', {low: count(low)});
  if (high != null && high !== best) return t('upTo', {high: count(high)});
  return '';
}

/** A figure in a sentence: `71`, `at least 50`, `60 (55–80)`; `withdrawn` for none. */
export function figure(value) {
  if (!value) return t('withdrawn');
  const span = range(value);
  const words = [qualifier(value), count(value.best), span && `(${span})`];
  return words.filter(Boolean).join(' ');
}

/** A figure in a chart: `71`, `≥ 50`, `≈ 50`. */
export function compact(value) {
  const {best, low, high} = value;
  const sign = low === best && high == null ? '≥ ' : high === best && low == null ? '≤ ' : low == null && high == null ? '≈ ' : '';
  return sign + count(best);
}

/** How long before the episode's newest report a figure holds for, where it is old; null else. */
export function age(asOf, newest) {
  const ms = Date.parse(newest) - Date.parse(asOf);
  return ms > OLD_MS ? t('lastHeard', {age: length(ms)}) : null;
}

export const sources = (slugs) => listed(slugs.map(sourceName));
export const parties = (slugs) => listed(slugs.map(partyName));

/** Changes that take something back or put it in doubt. */
export const CORRECTIONS = new Set(['down', 'withdrawn', 'restored', 'disputed', 'undisputed']);
export const isCorrection = ({topic, data, isRepeat}) => (topic === 'casualties' ? CORRECTIONS.has(data.kind) && !isRepeat : data.after === null);

/** The word that marks a change of a count, if any. */
export function tagOf({data, isRepeat}) {
  if (isRepeat) return t('tag.repeat');
  return CORRECTIONS.has(data.kind) ? t(`tag.${data.kind}`) : null;
}

/** What a change of a count does, without whose it is. */
export function countChange({data: {kind, before, after}, isRepeat}) {
  const delta = before && after ? count(Math.abs(after.best - before.best)) : '';
  const named = (one, other) => sources(one.disputed_by.filter((name) => !other.disputed_by.includes(name)));
  const fields = {before: figure(before), after: figure(after), delta};
  if (isRepeat) return t('change.repeat', fields);
  if (kind === 'disputed') return t('change.disputed', {...fields, names: named(after, before)});
  if (kind === 'undisputed') return t('change.undisputed', {...fields, names: named(before, after)});
  if (kind === 'final') return t(after.final ? 'change.final' : 'change.notFinal', fields);
  return has(`change.${kind}`) ? t(`change.${kind}`, fields) : `${fields.before} → ${fields.after}`;
}

/** The same in the few words of a table. */
export function shortChange({data, isRepeat}) {
  const {kind, before, after} = data;
  if (isRepeat) return t('tag.repeat');
  const delta = before && after ? count(Math.abs(after.best - before.best)) : '';
  if (has(`short.${kind}`)) return t(`short.${kind}`, {delta, before: figure(before)});
  return countChange({data});
}

/** What is known of a ceasefire beside its status: when it begins and ends, who declared it. */
export function statusFacts(view) {
  const facts = [];
  if (view.effective_at && ['agreed', 'announced'].includes(view.status)) facts.push(t('toTakeEffect', {time: told(view.effective_at)}));
  if (view.expires_at && view.status !== 'expired') facts.push(t('until', {time: told(view.expires_at)}));
  if (view.declared_by.length) facts.push(t('declaredBy', {names: parties(view.declared_by)}));
  if (view.not_confirmed_by.length) facts.push(t('notConfirmedBy', {names: sources(view.not_confirmed_by)}));
  if (view.mediators.length) facts.push(t('mediatedBy', {names: parties(view.mediators)}));
  return facts;
}

const VIOLATIONS = ['alleged', 'denied', 'confirmed'];

/** Violations of a ceasefire: `violations: 3 alleged, 1 denied`. */
export function violations(view) {
  const words = VIOLATIONS.filter((how) => view.violations[how]).map((how) => t(`violations.${how}`, {n: view.violations[how]}));
  return words.length ? t('violations', {words: listed(words)}) : '';
}

/** Differences between two views of a ceasefire, as a list of phrases. */
export function statusMoves(before, after) {
  if (!after) return [t('move.withdrawn')];
  const moves = [];
  if (before?.status !== after.status) {
    moves.push(before ? `${statusWords(before.status)} → ${statusWords(after.status)}` : statusWords(after.status));
  }
  if (after.since && before?.since !== after.since) moves.push(t('since', {time: told(after.since)}));
  if (after.effective_at && before?.effective_at !== after.effective_at && after.effective_at !== after.since) {
    moves.push(t('toTakeEffect', {time: told(after.effective_at)}));
  }
  if (before?.expires_at !== after.expires_at && (before || after.expires_at)) {
    moves.push(after.expires_at ? t('until', {time: told(after.expires_at)}) : t('noEnd'));
  }
  for (const [field, key, words] of [['declared_by', 'declaredBy', parties], ['not_confirmed_by', 'notConfirmedBy', sources], ['mediators', 'mediatedBy', parties]]) {
    const added = after[field].filter((name) => !before?.[field].includes(name));
    const gone = (before?.[field] ?? []).filter((name) => !after[field].includes(name));
    if (added.length) moves.push(t(key, {names: words(added)}));
    if (gone.length) moves.push(t(`gone.${key}`, {names: words(gone)}));
  }
  for (const how of VIOLATIONS) {
    const more = after.violations[how] - (before?.violations[how] ?? 0);
    if (more > 0) moves.push(t(`more.${how}`, {n: more}));
    if (more < 0) moves.push(t(`fewer.${how}`, {n: -more}));
  }
  return moves;
}

/** A statement in one line. */
export function statementWords({act, about, against}) {
  const words = capital(`${term('statement', act)}${t('comma')}${term('about', about)}`);
  return against ? `${words}${t('comma')}${t('against', {name: partyName(against)})}` : words;
}

export const viewSource = (view) => view.replace('source:', '');
export const ceasefireName = (slug) => (slug === 'main' ? t('ceasefire') : t('ceasefireNamed', {name: plain(slug)}));

/** A change in one sentence, for a screen reader and for the latest change above the figures. */
export function sentence(change) {
  const {topic, data} = change;
  const by = data.cause?.source ? t('comma') + t('says', {name: sourceName(data.cause.source)}) : '';
  if (topic === 'casualties') return `${subjectOf(data)}: ${countChange(change)}${by}.`;
  if (topic === 'ceasefires') {
    const whose = data.view === 'joint' ? '' : ` (${sourceName(viewSource(data.view))})`;
    return `${ceasefireName(data.ceasefire)}${whose}: ${statusMoves(data.before, data.after).join('; ')}${by}.`;
  }
  return `${data.after ? '' : `${capital(t('withdrawn'))}: `}${statementWords(data.after ?? data.before)}${by}.`;
}
