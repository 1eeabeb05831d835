// Figures, times and changes in words. Text from reports is data: nothing in it can steer the page.

// C0 and C1 controls, and what turns the direction of writing around.
// eslint-disable-next-line no-control-regex
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
export const OUTCOMES = ['killed', 'killed_or_missing', 'wounded', 'missing', 'captured'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const COUNT = new Intl.NumberFormat('en-GB');
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'your zone';
const IN_ZONE = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});
const POPULATIONS = {
  military: 'military', civilian: 'civilians', mixed: 'military and civilians', unknown: 'not said whether military',
};

/** Where an outcome and population stand in lists: killed first, the military first. */
export const rank = ({outcome, population}) => OUTCOMES.indexOf(outcome) * 10 + Object.keys(POPULATIONS).indexOf(population);

/** Changes that take something back or put it in doubt, and the word that marks them. */
export const CORRECTIONS = {
  down: 'corrected down', withdrawn: 'withdrawn', restored: 'restored', disputed: 'disputed', undisputed: 'no longer disputed',
};

export const plain = (text) => String(text).replace(STEERING, '\ufffd');
export const count = (number) => COUNT.format(number);
export const spaced = (word) => word.replaceAll('_', ' ');
export const kindOf = (record) => `${spaced(record.outcome)}, ${POPULATIONS[record.population]}`;
export const partyWords = (party) => (party === 'all' ? 'all sides' : party);
export const subjectOf = (record) => `${partyWords(record.party)} ${kindOf(record)}`;
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const listed = (names) => names.join(', ');

const two = (number) => String(number).padStart(2, '0');

/** A time as `14 Sep 2022 16:00`, in UTC; a dash for none. */
export function told(time, {year = true} = {}) {
  if (time == null) return '–';
  const at = new Date(time);
  const seconds = at.getUTCSeconds() ? `:${two(at.getUTCSeconds())}` : '';
  return `${day(at, year)} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${seconds}`;
}

export function day(at, year = true) {
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}${year ? ` ${at.getUTCFullYear()}` : ''}`;
}

export const month = (at) => `${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
export const clock = (at) => `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;

/** The same time for a reader elsewhere: shown on hover. */
export const inZone = (time) => `${told(time)} UTC; for you ${IN_ZONE.format(new Date(time))} (${ZONE})`;

/** A count as people write it: `71`, `≥ 50`, `60 (55–80)`; `withdrawn` for none. */
export function figure(value) {
  if (!value) return 'withdrawn';
  const {best, low, high} = value;
  if (low === best && high === best) return count(best);
  if (low === best && high == null) return `≥ ${count(best)}`;
  if (high === best && low == null) return `≤ ${count(best)}`;
  if (low == null && high == null) return `about ${count(best)}`;
  return `${count(best)} (${low == null ? '?' : count(low)}–${high == null ? '?' : count(high)})`;
}

/** A count's bounds alone, in words where only one is known. */
export function bounds({best, low, high}) {
  if (low === best && high === best) return 'exact';
  if (low === best && high == null) return 'at least';
  if (high === best && low == null) return 'at most';
  if (low == null && high == null) return 'about';
  if (low == null) return `up to ${count(high)}`;
  if (high == null) return `from ${count(low)}`;
  return `${count(low)}–${count(high)}`;
}

/** What a change of a count does, without whose it is. */
export function countChange({kind, before, after}) {
  const names = (one, other) => listed(one.disputed_by.filter((name) => !other.disputed_by.includes(name)));
  switch (kind) {
    case 'first': return `first figure, ${figure(after)}`;
    case 'restored': return `restored, ${figure(after)} stands again`;
    case 'withdrawn': return `withdrawn, ${figure(before)} no longer stands`;
    case 'up': return `up by ${count(after.best - before.best)}, from ${figure(before)} to ${figure(after)}`;
    case 'down': return `corrected down by ${count(before.best - after.best)}, from ${figure(before)} to ${figure(after)}`;
    case 'bounds': return `${figure(after)}, range changed from ${figure(before)}`;
    case 'disputed': return `${figure(after)} now disputed by ${names(after, before)}`;
    case 'undisputed': return `${figure(after)} no longer disputed by ${names(before, after)}`;
    case 'final': return after.final ? `${figure(after)} said to be final` : `${figure(after)} no longer said to be final`;
    default: return `${figure(before)} to ${figure(after)}`;
  }
}

/** A status in one line: what, since when, who declared it, what is held against it. */
export function statusFacts(view) {
  const facts = [];
  if (view.effective_at && ['agreed', 'announced'].includes(view.status)) facts.push(`to take effect ${told(view.effective_at)}`);
  if (view.expires_at && view.status !== 'expired') facts.push(`until ${told(view.expires_at)}`);
  if (view.declared_by.length) facts.push(`declared by ${listed(view.declared_by)}`);
  if (view.not_confirmed_by.length) facts.push(`not confirmed by ${listed(view.not_confirmed_by)}`);
  if (view.mediators.length) facts.push(`mediated by ${listed(view.mediators)}`);
  return facts;
}

/** What was held against a ceasefire: `3 violations alleged, 1 denied`. */
export function violations(view) {
  const said = ['alleged', 'denied', 'confirmed'].filter((how) => view.violations[how]);
  const words = said.map((how) => `${count(view.violations[how])} ${how}`).join(', ');
  return words && `violations: ${words}`;
}

/** What moved between two views of a ceasefire, as a list of phrases. */
export function statusMoves(before, after) {
  if (!after) return ['withdrawn, nothing is claimed of it any more'];
  const moves = [];
  if (!before || before.status !== after.status) {
    moves.push(before ? `${spaced(before.status)} → ${spaced(after.status)}` : spaced(after.status));
  }
  if (after.since && before?.since !== after.since) moves.push(`since ${told(after.since)}`);
  if (after.effective_at && before?.effective_at !== after.effective_at && after.effective_at !== after.since) {
    moves.push(`to take effect ${told(after.effective_at)}`);
  }
  if (before?.expires_at !== after.expires_at && (before || after.expires_at)) {
    moves.push(after.expires_at ? `until ${told(after.expires_at)}` : 'no end named');
  }
  for (const [field, words] of [['declared_by', 'declared by'], ['not_confirmed_by', 'not confirmed by'], ['mediators', 'mediated by']]) {
    const added = after[field].filter((name) => !before?.[field].includes(name));
    const gone = (before?.[field] ?? []).filter((name) => !after[field].includes(name));
    if (added.length) moves.push(`${words} ${listed(added)}`);
    if (gone.length) moves.push(`${field === 'not_confirmed_by' ? 'no longer called unconfirmed by' : `no longer ${words}`} ${listed(gone)}`);
  }
  for (const how of ['alleged', 'denied', 'confirmed']) {
    const more = after.violations[how] - (before?.violations[how] ?? 0);
    if (more > 0) moves.push(more === 1 ? `a violation ${how}` : `${count(more)} violations ${how}`);
    if (more < 0) moves.push(more === -1 ? `a violation no longer ${how}` : `${count(-more)} violations no longer ${how}`);
  }
  return moves;
}

/** A statement in one line. */
export function statementWords(statement) {
  const against = statement.against ? `, against ${statement.against}` : '';
  return `${statement.act}, ${statement.about}${against}`;
}

/** A change in one sentence, for a screen reader. */
export function sentence({topic, data}) {
  const by = data.cause?.source ? `, says ${data.cause.source}` : '';
  if (topic === 'casualties') return `${subjectOf(data)}: ${countChange(data)}${by}.`;
  if (topic === 'ceasefires') {
    const whose = data.view === 'joint' ? '' : ` for ${data.view.replace('source:', '')}`;
    return `Ceasefire ${data.ceasefire}${whose}: ${statusMoves(data.before, data.after).join('; ')}${by}.`;
  }
  return `${data.after ? '' : 'Withdrawn: '}${statementWords(data.after ?? data.before)}${by}.`;
}
