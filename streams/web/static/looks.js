// Lines are told apart by colour, which is the party, and dashes, which are its sources: no meaning is in colour alone.

const DASHES = [[], [6, 3], [2, 2], [8, 2, 2, 2], [4, 2, 1, 2, 1, 2], [10, 4]];
const MAX_LINES = 8;

/**
 * A look for each line, by `source/party`. A source has the same dashes for every party, by its first appearance, so
 * more data changes no look.
 */
export function looksOf(lines, colours) {
  const order = [...new Set(lines.map((one) => one.source))];
  return new Map(lines.map(({source, party}) => [
    `${source}/${party}`, {colour: colours.get(party), dash: DASHES[order.indexOf(source) % DASHES.length]},
  ]));
}

/** The lines of a panel with a look of their own: those with the greatest figures. The rest is thin and grey. */
export const shown = (lines) => [...lines].sort((a, b) => b.greatest - a.greatest).slice(0, MAX_LINES);

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
