// The address holds all that is on screen: the episode, the time, the language, and what is opened or filtered.

/** Fields of the address in their order; others are dropped. */
const FIELDS = ['at', 'card', 'lang', 'corrections', 'filter', 'sort', 'why', 'hide', 'per', 'from', 'places'];

/** Where the address points: an episode's name or null for the list, and its fields. */
export function route(hash = location.hash) {
  const [path, query = ''] = hash.slice(2).split('?');
  const given = new URLSearchParams(query);
  const fields = Object.fromEntries(FIELDS.map((name) => [name, given.get(name)]));
  let name = path;
  try {
    name = decodeURIComponent(path);
  } catch {
    // As it is: no episode has such a name, and the page says so.
  }
  return {name: name || null, ...fields};
}

/** The part after `#` for an episode and fields; null and empty ones are left out. */
export function hashOf({name, ...fields}) {
  const kept = FIELDS.filter((field) => fields[field]).map((field) => `${field}=${encoded(fields[field])}`);
  return `#/${name ? encodeURIComponent(name) : ''}${kept.length ? `?${kept.join('&')}` : ''}`;
}

/** A value as a query has it, but with the signs of times and cells left readable. */
const encoded = (value) => encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',');

/** Put fields into the address without a step in the history. */
export function move(fields) {
  history.replaceState(null, '', hashOf({...route(), ...fields}));
}

/** The full address with some fields changed. */
export const linkTo = (fields = {}) => new URL(hashOf({...route(), ...fields}), document.baseURI).href;

const DESK = new Set(['review', 'new']);

/** A page of the desk that the address points to, with a document's or episode's name; null for the other pages. */
export function deskRoute(hash = location.hash) {
  const [page, ...rest] = hash.slice(2).split('?')[0].split('/');
  if (!DESK.has(page)) return null;
  if (page === 'review' && rest.join('/') === 'quality') return {page: 'quality', id: null};
  try {
    return {page, id: decodeURIComponent(rest.join('/')) || null};
  } catch {
    return {page, id: null};
  }
}

/** The part after `#` for a page of the desk. */
export const deskHash = (page, id = null) => `#/${page === 'quality' ? 'review/quality' : page}${id ? `/${encodeURIComponent(id)}` : ''}`;
