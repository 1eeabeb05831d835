// Requests to the server: JSON got and posted, snapshots, the changes so far, and the stream of those after a mark.
import {t} from './i18n.js';

const RETRY_FIRST_MS = 1000;
const RETRY_LAST_MS = 15_000;
/** The server sends a heartbeat every 15 s: after so long without a word the connection is dead. */
const SILENCE_MS = 40_000;
/** A page that nobody sees lets its connection go after so long: a browser has but few for a server. */
const HIDDEN_MS = 60_000;
const EVENTS = ['casualties', 'ceasefires', 'statements', 'heartbeat', 'reset', 'end'];

const address = (path) => new URL(path, document.baseURI);
const episodePath = (name) => `episodes/${encodeURIComponent(name)}`;

/** An answer that is not the one asked for: `status` as in HTTP, `code` and words from the server. */
export class Refused extends Error {
  constructor(status, {code = 'http', message = ''} = {}) {
    super(message || `HTTP ${status}`);
    this.status = status;
    this.code = code;
  }
}

export const ask = (path, query = {}, signal = undefined) => request(path, query, {signal, cache: 'no-cache'});

/** Post JSON. */
export const post = (path, content, query = {}, signal = undefined) =>
  request(path, query, {signal, method: 'POST', body: JSON.stringify(content), headers: {'Content-Type': 'application/json'}});

async function request(path, query, {headers = {}, ...options}) {
  const url = address(path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const answer = await fetch(url, {...options, headers: {Accept: 'application/json', ...headers}}).catch((error) => {
    throw error.name === 'AbortError' ? error : new Refused(0, {code: 'no_answer', message: t('noAnswer')});
  });
  const body = await answer.json().catch((error) => {
    if (answer.ok) throw error.name === 'AbortError' ? error : new Refused(answer.status, {message: t('brokenAnswer')});
    return {};
  });
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

export const fetchEpisodes = (signal) => ask('episodes', {}, signal);

/** Names of parties, episodes, places and sources; without an answer there are none. */
export async function fetchNames() {
  const none = () => ({});
  const [atlas, {sources}] = await Promise.all([ask('atlas').catch(none), ask('sources').catch(none)]);
  return {atlas, sources};
}

export const fetchPicture = (name, at, signal) => ask(episodePath(name), at ? {at} : {}, signal);
export const fetchAccount = (name, cell, at, limit, signal) =>
  ask(`${episodePath(name)}/explain`, {cell, limit, ...(at && {at})}, signal);
export const fetchChanges = (name, signal) => ask(`${episodePath(name)}/changes`, {}, signal);

/** What each period added, and what is known of places: rows of tables. */
export const fetchSeries = (name, query, signal) => ask(`${episodePath(name)}/series.json`, query, signal);
export const fetchPlaces = (name, signal) => ask(`${episodePath(name)}/places.json`, {}, signal);

/** The stream of events behind a mark; it comes back by itself and says how it is. */
export class Stream {
  /**
   * `onChange(topic, record)` for each change, `onReset()` when the snapshot must be loaded again,
   * `onState({state, words})` with state connecting, live, behind or lost.
   */
  constructor(query, mark, {onChange, onReset, onState}) {
    Object.assign(this, {query, mark, onChange, onReset, onState, pause: RETRY_FIRST_MS});
    this.seen = () => this.whenSeen();
    document.addEventListener('visibilitychange', this.seen);
    addEventListener('online', this.again = () => this.open());
    addEventListener('offline', this.away = () => this.lost(t('offline')));
    onState({state: 'connecting'});
    this.open();
  }

  close() {
    document.removeEventListener('visibilitychange', this.seen);
    removeEventListener('online', this.again);
    removeEventListener('offline', this.away);
    clearTimeout(this.hidden);
    this.end();
  }

  open() {
    this.end();
    const url = address('events');
    for (const [name, value] of Object.entries({...this.query, since: this.mark})) if (value) url.searchParams.set(name, value);
    const source = new EventSource(url);
    this.source = source;
    for (const name of EVENTS) source.addEventListener(name, (event) => this.take(name, event));
    source.onerror = () => {
      // The browser tries again by itself, unless the answer was no stream at all.
      this.lost(t('noAnswer'));
      if (source.readyState === EventSource.CLOSED) this.retry();
    };
    this.watch();
  }

  end() {
    this.source?.close();
    clearTimeout(this.silence);
    clearTimeout(this.later);
  }

  take(name, event) {
    this.watch();
    if (event.lastEventId) this.mark = event.lastEventId;
    const said = JSON.parse(event.data);
    if (name === 'heartbeat') {
      this.pause = RETRY_FIRST_MS;
      const reasons = said.reasons ?? [];
      this.onState(reasons.length ? {state: 'behind', words: reasons.join('; ')} : {state: 'live'});
    } else if (name === 'reset') this.onReset();
    else if (name === 'end') this.lost(said.message || said.reason);
    else this.onChange(name, said);
  }

  watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.lost(t('silent'));
      this.open();
    }, SILENCE_MS);
  }

  retry() {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(2 * this.pause, RETRY_LAST_MS);
  }

  lost(words) {
    this.onState({state: 'lost', words});
  }

  whenSeen() {
    clearTimeout(this.hidden);
    if (document.hidden) this.hidden = setTimeout(() => this.end(), HIDDEN_MS);
    else if (this.source.readyState === EventSource.CLOSED) this.open();
  }
}
