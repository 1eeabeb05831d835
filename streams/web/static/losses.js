// Losses as they are claimed: for each outcome and population a party's own figure, the other side's claim and third
// parties' figures side by side; the total of the first with its parts. Nothing is added up across them.
import {h} from './preact/preact.mjs';
import {capital} from './format.js';
import {count, rich, t} from './i18n.js';
import {partyName} from './names.js';
import {AsOf, Flash, Party, SourceName} from './parts.js';
import {TakeAway} from './share.js';
import {cellKey, kindKey} from './story.js';
import {boundsOf} from './totals.js';
import {figure, groupWords, kindOf, parties, qualifier, range, rank} from './words.js';

const CLASSES = ['self_reported', 'other_party_claimed', 'third_party'];

/** One card for each outcome, population and scope. */
export function Losses({picture, live, colours, share}) {
  const kinds = kindsOf(picture);
  if (!kinds.length) return h('p', {class: 'quiet'}, t('noFigure'));
  return kinds.map((kind) => h(Kind, {key: kind.key, kind, live, colours, share, newest: picture.clock}));
}

/** Cards with their rows by party; rows of groups lie under the party's own. */
function kindsOf(picture) {
  const found = new Map();
  const of = (record) => {
    const key = kindKey({...record, group: undefined});
    if (!found.has(key)) {
      const {outcome, population, scope} = record;
      found.set(key, {key, outcome, population, scope, rows: [], groups: [], totals: [], derived: []});
    }
    return found.get(key);
  };
  for (const row of picture.parties) of(row)[row.group ? 'groups' : 'rows'].push(ownBounds(row, picture.cells));
  for (const row of picture.totals) of(row).totals.push(row);
  for (const row of picture.derived) of(row).derived.push(row);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

/** A snapshot of version 1 has in low and high the extremes of the class: the source's own are in its cell. */
function ownBounds(row, cells) {
  const own = (said) => {
    if (!said || said.sources != null) return said;
    const value = cells.find((cell) => cellKey(cell) === cellKey({...row, source: said.source}))?.value;
    return {...said, ...(value?.best === said.best && {low: value.low, high: value.high}), sources: 1};
  };
  return {...row, ...Object.fromEntries(CLASSES.map((name) => [name, own(row[name])]))};
}

function Kind({kind, live, colours, newest, share}) {
  const name = kindOf(kind);
  const whole = kind.totals.find((total) => !total.group);
  const classes = CLASSES.filter((each) => kind.rows.concat(kind.groups).some((row) => row[each]));
  const alone = kind.rows.length === 1 && classes.length === 1 && !whole ? kind.rows[0] : null;
  return h('section', {class: 'kind card', id: `card-${kind.key}`, 'aria-label': t('lossesOf', {kind: name})},
    h('div', {class: 'card-head'}, h('h3', null, capital(name)), h(TakeAway, {...share, what: capital(name), card: kind.key, figures: inWords(kind, whole)})),
    h('div', {class: alone ? 'kind-body alone' : 'kind-body'},
      h('div', {class: 'sum'},
        whole ? h(Total, {total: whole, bounds: boundsOf(whole, kind.rows), live}) : !alone && h('p', {class: 'quiet'}, t('noOwnFigure')),
        kind.totals.filter((total) => total.group).map((total) => h('p', {key: total.group, class: 'of-them'},
          t('ofThem', {n: count(total.best), group: groupWords(total.group)}))),
        h('ul', {class: 'derived'}, kind.derived.map((claim) => h(Derived, {key: cellKey(claim), claim})))),
      kind.rows.length + kind.groups.length > 0 && h(Classes, {kind, name, classes, live, colours, newest})));
}

/** The figures of a card in a line, for a citation. */
function inWords({rows}, whole) {
  if (whole) return `${count(whole.best)} (${Object.entries(whole.parts).map(([party, best]) => `${partyName(party)} ${count(best)}`).join(' + ')})`;
  return rows.flatMap((row) => CLASSES.map((name) => row[name]).filter(Boolean).map((said) => `${partyName(row.party)} ${figure(said)}`)).join('; ');
}

function Total({total, bounds, live}) {
  const parts = Object.entries(total.parts);
  return [
    h('p', {class: 'total'}, qualifier(bounds) && h('span', {class: 'qualifier'}, qualifier(bounds)),
      h(Flash, {as: 'strong', class: 'big', value: total.best, live}, count(total.best)),
      ' ', h('span', {class: 'parts'},
        ...parts.flatMap(([party, best], at) => [
          at ? ' + ' : '= ', h('span', {class: 'part'}, count(best), ' ', h('bdi', {class: 'of'}, partyName(party))),
        ]))),
    range(bounds) && h('p', {class: 'bounds'}, range(bounds)),
    h('p', {class: 'quiet small'}, t('asReportedByParties')),
    total.missing.length > 0 && h('p', {class: 'missing'}, t('missing', {names: parties(total.missing)})),
  ];
}

/** A sum by another source, with its date, and the sides' own figures of that time beside it. */
function Derived({claim}) {
  const {agrees, computed, party, group} = claim;
  const verdict = computed == null ? t('nothingToCompare') : t(agrees ? 'sameSum' : 'otherSum', {n: count(computed)});
  const whose = group ? `${partyName(party)}${t('comma')}${groupWords(group)}` : partyName(party);
  return h('li', null, rich('addsUp', {
    source: h(SourceName, {slug: claim.source, mark: false}), whose: h('bdi', null, whose),
    figure: h('b', null, figure(claim)), time: h(AsOf, {at: claim.as_of, newest: claim.as_of}), verdict,
  }));
}

function Classes({kind, name, classes, live, colours, newest}) {
  const rows = kind.rows.concat(kind.groups.filter((group) => !kind.rows.some((row) => row.party === group.party)));
  return h('table', {class: `classes of-${classes.length}`},
    h('caption', {class: 'unseen'}, t('classesCaption', {kind: capital(name)})),
    h('thead', null, h('tr', null,
      h('th', {scope: 'col'}, t('lossesColumn')), classes.map((each) => h('th', {key: each, scope: 'col'}, t(`class.${each}`))))),
    h('tbody', null, rows.map((row) => h('tr', {key: row.party},
      h('th', {scope: 'row'}, h(Party, {slug: row.party, colours})),
      classes.map((each) => h('td', {key: each, 'data-label': t(`class.${each}`), class: row[each] ? '' : 'empty'},
        row.group ? null : h(Claim, {said: row[each], live, newest}),
        kind.groups.filter((group) => group.party === row.party && group[each])
          .map((group) => h(Group, {key: group.group, group, said: group[each], whole: row.group ? null : row[each], newest}))))))));
}

function Claim({said, live, newest}) {
  if (!said) return h('span', {class: 'none'}, h('span', {'aria-hidden': 'true'}, '–'), h('span', {class: 'unseen'}, t('noClaim')));
  const span = range(said);
  return [
    h('p', {class: 'claim'}, qualifier(said) && h('span', {class: 'qualifier'}, qualifier(said), ' '),
      h(Flash, {as: 'b', class: 'figure', value: figure(said), live}, count(said.best)),
      span && h('span', {class: 'bounds'}, ` ${span}`)),
    h('p', {class: 'who'}, rich('asClaimedBy', {source: h(SourceName, {slug: said.source})}), h('br'), h(AsOf, {at: said.as_of, newest})),
    said.sources > 1 && h('p', {class: 'who'}, t('severalSources', {n: said.sources, least: count(said.least), greatest: count(said.greatest)})),
  ];
}

/** A part of a figure: whose source is another's says so. */
function Group({group, said, whole, newest}) {
  const words = t('ofThem', {n: figure(said), group: groupWords(group.group)});
  return h('p', {class: 'who of-them'}, whole?.source === said.source ? words : [words, ' ', rich('asClaimedBy', {source: h(SourceName, {slug: said.source})})],
    whole?.as_of !== said.as_of && [t('comma'), h(AsOf, {at: said.as_of, newest})]);
}
