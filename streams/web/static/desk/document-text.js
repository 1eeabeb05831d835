// The text of a document with the words that each claim rests on, and the numbers that were left out.
import {h} from '../preact/preact.mjs';
import {plain} from '../format.js';
import {t} from '../i18n.js';
import {term} from '../words.js';

/** Marks of a field: the number boxed, the source underlined, the outcome dotted, other fields dashed. */
const MARKS = {count: 'number', source: 'who', outcome: 'outcome'};

/** Pieces of a text between the borders of spans; offsets count code points of title, line feed and text. */
export function pieces(characters, spans) {
  const borders = [...new Set([0, characters.length, ...spans.flatMap(({start, end}) => [start, end])])].filter((at) => at >= 0 && at <= characters.length).sort((a, b) => a - b);
  return borders.slice(0, -1).map((start, at) => {
    const end = borders[at + 1];
    return {start, text: characters.slice(start, end).join(''), spans: spans.filter((span) => span.start <= start && span.end >= end)};
  });
}

const whyLeft = (why) => term('leftOut', why);

/** The text; `current` is the number of the claim whose words are brought out, `choose` is called with one that is clicked. */
export function DocumentText({draft, current, choose}) {
  const {title = '', text, lang} = draft.document;
  const characters = [...`${title ?? ''}\n${text}`];
  const spans = [
    ...draft.claims.flatMap(({evidence}, claim) => evidence.map((span) => ({...span, claim}))),
    ...draft.left_out.map((span) => ({...span, left: true})),
  ];
  const titleEnds = [...(title ?? '')].length;
  const found = pieces(characters, [...spans, {start: 0, end: titleEnds, title: true}]);
  // The line feed after the title is not shown.
  const body = (wanted) => found.filter(({start}) => (start < titleEnds) === wanted).map((piece) => h(Piece, {key: piece.start, piece: piece.start === titleEnds ? {...piece, text: piece.text.replace(/^\n/, '')} : piece, current, choose}));
  return h('article', {class: 'document', tabIndex: 0, lang: lang ?? '', 'aria-label': t('textOfDocument')},
    title && h('h2', {class: 'document-title', dir: 'auto'}, body(true)),
    h('div', {class: 'document-text'}, body(false)));
}

function Piece({piece, current, choose}) {
  const text = piece.text.split('\n').map(plain).join('\n');
  const marks = piece.spans.filter((span) => !span.title);
  if (marks.length === 0) return text;
  const left = marks.find((span) => span.left);
  const fields = marks.filter((span) => !span.left);
  if (fields.length === 0) return h('span', {class: 'left-out', title: whyLeft(left.why)}, text, h('span', {class: 'unseen'}, ` (${whyLeft(left.why)})`));
  const named = [...new Set(fields.map((span) => MARKS[span.field] ?? 'other'))];
  const claims = [...new Set(fields.map((span) => span.claim))];
  const titles = fields.map((span) => `${span.claim + 1}: ${term('field', span.field)}`);
  return h('mark', {
    class: [...named.map((name) => `mark-${name}`), claims.includes(current) && 'current'].filter(Boolean).join(' '),
    title: [...new Set(titles)].join('; '), onClick: () => choose(claims.includes(current) ? current : claims[0]),
  }, text);
}
