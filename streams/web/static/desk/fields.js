// The fields of a claim as the JSON Schema of a report has them: what each may hold, and how it is entered.

const KINDS = {casualties: 'CasualtiesClaim', ceasefire: 'CeasefireClaim', statement: 'StatementClaim'};
/** Fields that the desk fills itself, or that the text gives. */
const NOT_ENTERED = new Set(['type', 'quote']);
/** Fields that most claims need; the others are behind "more fields". */
const COMMON = {
  casualties: ['party', 'outcome', 'population', 'count', 'qualifier', 'basis'],
  ceasefire: ['act', 'by', 'effective_at'],
  statement: ['act', 'about', 'against'],
};

export const TYPES = Object.keys(KINDS);

/** A field: its name, its kind (choice, number, count, flag, time, names, slug, text), its choices, and if it is needed. */
export function fieldsOf(schema, type) {
  const {properties, required} = schema.$defs[KINDS[type]];
  return Object.entries(properties).filter(([name]) => !NOT_ENTERED.has(name)).map(([name, given]) => {
    const one = given.anyOf?.find((part) => part.type !== 'null') ?? given;
    return {name, ...kindOf(name, one), required: required.includes(name), common: COMMON[type].includes(name)};
  });
}

function kindOf(name, one) {
  if (one.enum) return {kind: 'choice', choices: one.enum};
  if (one.type === 'boolean') return {kind: 'flag'};
  if (one.type === 'array') return {kind: 'names'};
  if (one.type === 'integer') return {kind: 'number'};
  if (one.$ref?.endsWith('/Count')) return {kind: 'count'};
  if (one.pattern?.includes('T([01]')) return {kind: 'time'};
  if (one.pattern?.startsWith('^[a-z0-9]')) return {kind: 'slug'};
  return {kind: 'text'};
}

/** A new claim of a type: the fields that must be there, empty. */
export const emptyClaim = (type) => ({type, ...(type === 'casualties' && {population: 'unknown', basis: 'cumulative', qualifier: 'exact', count: {}})});

/** A claim without what is empty. */
export function filled(claim) {
  const kept = Object.entries(claim).filter(([, value]) => value !== '' && value != null && !(Array.isArray(value) && value.length === 0));
  return Object.fromEntries(kept.map(([name, value]) => [name, name === 'count' ? filled(value) : value]));
}
