// How lines are told apart, as in the pictures of `truceline plot`: colour is the party, dashes its sources.
// No meaning hangs on colour alone.

const DASHES = [[], [6, 3], [2, 2], [8, 2, 2, 2], [4, 2, 1, 2, 1, 2], [10, 4]];
const COLOURS = 7;
const MAX_LINES = 8;

/** The parties of a story in the order of their colours. */
const parties = (lines) => [...new Set(lines.map((one) => one.party))].sort();

/** The number of a party's colour, from 0. */
export function partyColours(names) {
  return new Map([...new Set(names)].sort().map((name, at) => [name, at % COLOURS]));
}

/** A look for each source of a party, by `source/party`: with one party alone, colour is the source as well. */
export function looksOf(lines) {
  const looks = new Map();
  const named = parties(lines);
  named.forEach((party, at) => {
    const own = new Map();
    for (const one of lines.filter((some) => some.party === party)) {
      const sums = own.get(one.source) ?? {greatest: 0, points: 0};
      own.set(one.source, {greatest: Math.max(sums.greatest, one.greatest), points: sums.points + one.points.length});
    }
    const first = [...own].sort((a, b) => b[1].greatest - a[1].greatest).slice(0, DASHES.length);
    // The plainest look to the source that spoke most.
    first.sort((a, b) => b[1].points - a[1].points).forEach(([source], rank) => {
      looks.set(`${source}/${party}`, {colour: (named.length > 1 ? at : rank) % COLOURS, dash: DASHES[rank]});
    });
  });
  return looks;
}

/** The lines of a panel with a look of their own: those with the greatest figures. The rest is thin and grey. */
export function shown(lines, looks) {
  const own = lines.filter((one) => looks.has(`${one.source}/${one.party}`));
  return own.sort((a, b) => b.greatest - a.greatest).slice(0, MAX_LINES);
}

/** A colour of the theme in force, by the name of its custom property. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Call `then` whenever the reader's light or dark changes; gives what ends it. */
export function onTheme(then) {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', then);
  return () => dark.removeEventListener('change', then);
}
