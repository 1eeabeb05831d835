// Losses as they are told: for each outcome and population what a party says of itself, what the other side claims,
// what third parties say, side by side; the total of the first with its parts. Nothing is added up across them.
import {h} from './preact/preact.mjs';
import {Flash, Named, Time} from './parts.js';
import {kindKey} from './story.js';
import {bounds, capital, count, figure, kindOf, listed, partyWords, rank} from './words.js';

const CLASSES = [
  ['self_reported', 'By its own side'],
  ['other_party_claimed', 'By the other side'],
  ['third_party', 'By third parties'],
];

/** One block for each outcome and population. */
export function Losses({picture, live, colours, names}) {
  const kinds = kindsOf(picture);
  if (!kinds.length) return h('p', {class: 'quiet'}, 'No casualty figure stands.');
  return kinds.map((kind) => h(Kind, {key: kind.key, kind, live, colours, names}));
}

function kindsOf({parties, totals, derived}) {
  const found = new Map();
  const of = (record) => {
    const key = kindKey(record);
    if (!found.has(key)) {
      found.set(key, {key, outcome: record.outcome, population: record.population, parties: [], total: null, derived: []});
    }
    return found.get(key);
  };
  for (const row of parties) of(row).parties.push(row);
  for (const row of totals) of(row).total = row;
  for (const row of derived) of(row).derived.push(row);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

function Kind({kind, live, colours, names}) {
  const {total} = kind;
  return h('section', {class: 'kind card', 'aria-label': `Losses, ${kindOf(kind)}`},
    h('div', {class: 'sum'},
      h('h3', null, capital(kindOf(kind))),
      total
        ? h(Total, {total, live})
        : h('p', {class: 'quiet'}, 'No party has given a figure of its own.'),
      h('ul', {class: 'derived'}, kind.derived.map((claim) => h(Derived, {key: `${claim.source}/${claim.party}`, claim}))),
    ),
    kind.parties.length > 0 && h(Classes, {kind, live, colours, names}));
}

function Total({total, live}) {
  const parts = Object.entries(total.parts);
  return [
    h('p', {class: 'total'},
      h(Flash, {as: 'strong', class: 'big', value: total.best, live}, count(total.best)),
      ' ', h('span', {class: 'parts'},
        ...parts.flatMap(([party, best], at) => [
          at ? ' + ' : '= ', h('span', {class: 'part'}, count(best), ' ', h('span', {class: 'of'}, party)),
        ]))),
    h('p', {class: 'quiet small'}, 'as the parties say of themselves'),
    total.missing.length > 0 && h('p', {class: 'missing'}, `No word from ${listed(total.missing)} itself: not in the total.`),
  ];
}

function Derived({claim}) {
  const {agrees, computed} = claim;
  const verdict = {true: 'agrees with the count', false: `does not agree: the count is ${count(computed ?? 0)}`}[agrees];
  return h('li', {class: agrees === false ? 'differs' : agrees ? 'agrees' : ''},
    h('span', {class: 'mark', 'aria-hidden': 'true'}, {true: '✓', false: '✗'}[agrees] ?? '·'),
    h('span', null, `${claim.source} adds up ${partyWords(claim.party)}: `, h('b', null, count(claim.best)),
      `, ${verdict ?? 'nothing to hold it against'} `, h('span', {class: 'asof'}, h(Time, {at: claim.as_of, year: false}))));
}

function Classes({kind, live, colours, names}) {
  const most = Math.max(1, ...kind.parties.flatMap((row) => CLASSES.map(([name]) => row[name]?.high ?? row[name]?.best ?? 0)));
  return h('div', {class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': `Table: ${kindOf(kind)}, by who says it`},
    h('table', {class: 'classes'},
      h('caption', {class: 'unseen'}, `${capital(kindOf(kind))}: what each party says of itself, what the other side claims, what third parties say`),
      h('thead', null, h('tr', null,
        h('th', {scope: 'col'}, 'Losses of'), ...CLASSES.map(([, words]) => h('th', {scope: 'col', class: 'num'}, words)))),
      h('tbody', null, kind.parties.map((row) => h('tr', {key: row.party},
        h('th', {scope: 'row'}, h('i', {class: `swatch line-${colours.get(row.party)}`, 'aria-hidden': 'true'}), row.party),
        ...CLASSES.map(([name, words]) => h('td', {class: 'num', 'data-label': words}, h(Claim, {said: row[name], most, live, names}))))))));
}

function Claim({said, most, live, names}) {
  if (!said) return h('span', {class: 'none', title: 'nothing said'}, '–');
  const {best, low, high} = said;
  return [
    h(Flash, {as: 'b', class: 'figure', value: figure(said), live}, count(best)),
    h('span', {class: 'bounds'}, low === best && high === best ? '' : ` ${bounds(said)}`),
    h(Range, {best, low, high, most}),
    h(Named, {class: 'who', slug: said.source, names}),
    h('span', {class: 'who'}, h(Time, {at: said.as_of, year: false})),
  ];
}

/** The range on the scale of its table: low to high as a bar, the figure as a tick. */
function Range({best, low, high, most}) {
  const at = (value) => `${(100 * value) / most}%`;
  return h('svg', {class: 'range', 'aria-hidden': 'true', width: '100%', height: 6},
    h('line', {class: 'rail', x1: 0, x2: '100%', y1: 3, y2: 3}),
    low != null && high != null && low !== high
      && h('rect', {class: 'span', x: at(low), width: at(high - low), y: 0.5, height: 5, rx: 2}),
    h('line', {class: 'fill', x1: 0, x2: at(best), y1: 3, y2: 3}),
    h('circle', {class: 'tick', cx: at(best), cy: 3, r: 2.5}));
}
