// What a total owes to its parts: their bounds, and the age of the oldest of them.

const parts = (total, rows) => Object.keys(total.parts).map((party) => rows.find((row) => row.party === party && row.outcome === total.outcome
  && row.population === total.population && (row.group ?? null) === (total.group ?? null) && (row.scope ?? null) === (total.scope ?? null))?.self_reported);

/** The bounds of a total: the sums of its parts' own bounds, null where one of them is unknown. */
export function boundsOf(total, rows) {
  const own = parts(total, rows);
  const sum = (bound) => (own.some((said) => said?.[bound] == null) ? null : own.reduce((all, said) => all + said[bound], 0));
  return {best: total.best, low: sum('low'), high: sum('high')};
}

/** The time that the oldest part of a total holds for; null where it is not known. */
export const oldestPart = (total, rows) => parts(total, rows).map((said) => said?.as_of ?? null).sort()[0] ?? null;
