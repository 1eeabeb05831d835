// Names from the atlas and the source registry; a slug without a name is shown as it is.
import {speech, t} from './i18n.js';
import {dayOf, plain, spaced} from './format.js';

const COLOURS = 7;
const tables = {parties: new Map(), episodes: new Map(), places: new Map(), sources: new Map()};

/** Take in the answers of /atlas and /sources. */
export function know({atlas, sources}) {
  for (const [table, records] of Object.entries({...atlas, sources})) tables[table] = new Map(Object.entries(records ?? {}));
}

function named(table, slug) {
  const record = tables[table].get(slug);
  if (!record) return slug;
  const others = new Map(Object.entries(record.names ?? record.titles ?? {}));
  return plain(others.get(speech.lang) ?? record.name ?? record.title);
}

export const partyName = (slug) => (slug === 'all' ? t('allSides') : named('parties', slug));
export const sourceName = (slug) => named('sources', slug);
export const episodeTitle = (slug) => named('episodes', slug);
export const episodeSummary = (slug) => plain(tables.episodes.get(slug)?.summary ?? '');
export const placeName = (slug) => named('places', slug);
export const hasPlaces = () => [...tables.places.values()].some((place) => place.lat != null);
export const isRegistered = (slug) => tables.sources.has(slug);
export const hasRegistry = () => tables.sources.size > 0;

/** Slugs and names of a table, for choices. */
export const slugsOf = (table) => [...tables[table].keys()].map((slug) => [slug, named(table, slug)]);

/** Texts by which a reader may look for an episode. */
export function episodeTexts(slug) {
  const {title = '', titles = {}, also = [], parties = []} = tables.episodes.get(slug) ?? {};
  return [slug, title, ...Object.values(titles), ...also, ...parties.map((party) => named('parties', party))].join(' ').toLowerCase();
}

/** A scope in words: `since-2025-10-10`, `in-jermuk`, or its slug with spaces. */
export function scopeWords(scope) {
  const [, day] = /^since-(\d{4}-\d{2}-\d{2})$/.exec(scope) ?? [];
  if (day && !Number.isNaN(Date.parse(day))) return t('sinceDay', {day: dayOf(new Date(day))});
  if (scope.startsWith('in-')) return t('inPlace', {place: named('places', scope.slice(3))});
  return spaced(scope).replaceAll('-', ' ');
}

/** A colour for each party, the same in every episode: by its place in the atlas, else by its name. */
export function partyColours(parties) {
  const order = [...tables.parties.keys()];
  const taken = new Set();
  const colours = new Map();
  const wish = (slug) => (order.includes(slug) ? order.indexOf(slug) : hash(slug)) % COLOURS;
  const first = [...new Set(parties)].sort((a, b) => order.includes(b) - order.includes(a) || (a < b ? -1 : 1));
  for (const slug of first) {
    let colour = wish(slug);
    for (let tries = 0; taken.has(colour) && tries < COLOURS; tries++) colour = (colour + 1) % COLOURS;
    taken.add(colour);
    colours.set(slug, colour);
  }
  return colours;
}

function hash(text) {
  let value = 0;
  for (const character of text) value = (value * 31 + character.codePointAt(0)) % 65_521;
  return value;
}
