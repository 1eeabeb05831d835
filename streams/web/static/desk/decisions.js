// What a person has decided so far on the claims of a draft. Pure.

/** The claim that the reader drafted at a place of `draft.claims`. */
export const draftedClaim = (draft, at) => draft.reports[draft.claims[at].report].claims[draft.claims[at].claim];
export const draftedSource = (draft, at) => draft.reports[draft.claims[at].report].source;

/** The decisions to begin with: what is ready is taken. */
export const first = (draft) => draft.claims.map(({tier}) => ({taken: tier === 'ready', edited: null, source: null}));

/** The decisions of a recorded review; of a rejected document nothing is taken. */
export const recorded = (draft, {claims}) => draft.claims.map(({report, claim}) => {
  const one = claims.find((each) => each.report === report && each.claim === claim);
  return {taken: one?.taken ?? false, edited: one?.edited ?? null, source: one?.source ?? null, byHand: one?.by_hand ?? []};
});

/** The claim and source of a card as they are now. */
export const claimOf = (draft, decisions, at) => decisions[at].edited ?? draftedClaim(draft, at);
export const sourceOf = (draft, decisions, at) => decisions[at].source ?? draftedSource(draft, at);

/** Decisions with one of them changed. */
export const decide = (decisions, at, change) => decisions.map((one, number) => (number === at ? {...one, ...change} : one));

/** The review as it is posted. */
export function reviewOf(draft, {decisions, decision, episode}) {
  const claims = draft.claims.map(({report, claim}, at) => ({report, claim, ...decisions[at]}));
  return {version: draft.document.version, decision, claims, ...(episode && {episode})};
}

const NUMBER = /\d{1,3}(?:[ ,.\u00a0\u202f]\d{3})+|\d+/gu;

/** The whole numbers that stand in the text, in digits or as the reader has read its words. */
export function numbersOf(draft) {
  const {title, text} = draft.document;
  const written = [...`${title ?? ''}\n${text}`.matchAll(NUMBER)].map(([digits]) => Number(digits.replace(/\D/g, '')));
  const read = draft.reports.flatMap(({claims}) => claims.flatMap(({count}) => Object.values(count ?? {})));
  return new Set([...written, ...read]);
}

/**
 * The words of the changes that a claim makes, from the answer of a dry run; null where the claim is not in it.
 * `together` are the other claims taken of the same source that the same changes are of: they make them together.
 */
export function effectOf({reports, effects} = {}, draft, decisions, at) {
  const source = sourceOf(draft, decisions, at);
  const report = effects?.[reports.findIndex((one) => one.source === source)];
  if (!report) return null;
  if (report.refusal) return {refusal: report.refusal, words: [], together: [], alike: []};
  const own = report.changes.filter((change) => isOf(change, claimOf(draft, decisions, at)));
  const together = decisions.flatMap((one, other) => (
    other !== at && one.taken && sourceOf(draft, decisions, other) === source && own.some((change) => isOf(change, claimOf(draft, decisions, other))) ? [other] : []));
  return {words: own.map(({words}) => words), together, alike: report.look_alikes};
}

/** Is a change of this claim: the same cell, or a ceasefire's view, or a statement's act. */
export function isOf(change, claim) {
  if (claim.type === 'ceasefire') return change.topic === 'ceasefires';
  if (claim.type === 'statement') return change.topic === 'statements';
  const same = (name, other) => (change[name] ?? other) === (claim[name] ?? other);
  return change.topic === 'casualties' && same('party') && same('outcome') && same('population', 'unknown') && same('group') && same('scope');
}
