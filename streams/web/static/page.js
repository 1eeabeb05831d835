// The page: where it is, what it holds, and what comes in.
import {h, render} from './preact/preact.mjs';
import {Episode} from './episode.js';
import {Episodes} from './episodes.js';
import {Refused, Stream, fetchChanges, fetchEpisodes, fetchPicture} from './server.js';
import {dated} from './story.js';
import {sentence, told} from './words.js';

/** Snapshots are asked for at most so often while changes come in. */
const REFRESH_MS = 1000;
const SOON_MS = 120;
/** Where a picture does not show a change yet (on Kafka it may be a second behind), it is asked for again. */
const PICTURE_TRIES = 6;
/** More changes at once than this are told to a screen reader as a number. */
const TOLD_MOST = 3;
/** So long a change counts as new. */
const NEW_MS = 8000;
/** A connection that is back within this long was never lost, for who reads. */
const PATIENCE_MS = 5000;
const CONNECTION_WORDS = {connecting: 'Connecting …', live: 'Live', behind: 'Behind', lost: 'Disconnected'};

const main = document.getElementById('content');
const pill = document.getElementById('connection');
const log = document.getElementById('told');
const notice = document.getElementById('trouble');
let current = null;

/** Where the address points: an episode's name or null for all, and a time. */
function route() {
  const [path, query = ''] = location.hash.slice(2).split('?');
  const at = Date.parse(new URLSearchParams(query).get('at') ?? '');
  let name = path;
  try {
    name = decodeURIComponent(path);
  } catch {
    // As it stands: no episode is named so, and the page will say it.
  }
  return {name: name || null, at: Number.isNaN(at) ? null : at};
}

/** What both views share: a stream, snapshots that follow its changes, and how the connection is. */
class View {
  constructor() {
    this.aborts = new AbortController();
    this.heard = [];
  }

  close() {
    this.closed = true;
    this.aborts.abort();
    this.stream?.close();
    clearTimeout(this.due);
    clearTimeout(this.telling);
  }

  /** Follow what comes behind a mark; without one, what comes from now on. */
  listen(query, mark = null) {
    this.stream?.close();
    this.stream = new Stream(query, mark, {
      onChange: (topic, data) => this.changed({topic, data}),
      onReset: () => this.load(),
      onState: (said) => {
        connection(said);
        if (said.state === 'live') this.isLive();
      },
    });
  }

  isLive() {
    // Nothing to do but for who has nothing to show.
  }

  /** Ask for the snapshot soon, and not too often. */
  refreshSoon() {
    if (this.due) return;
    const wait = Math.max(SOON_MS, (this.refreshedAt ?? 0) + REFRESH_MS - Date.now());
    this.due = setTimeout(() => {
      this.due = null;
      this.refreshedAt = Date.now();
      this.refresh().catch((error) => this.failed(error));
    }, wait);
  }

  failed(error) {
    if (error.name === 'AbortError') return;
    if (!(error instanceof Refused)) reportError(error);
    connection({state: 'lost', words: error.message});
    clearTimeout(this.due);
    this.due = setTimeout(() => {
      this.due = null;
      this.load();
    }, 3000);
  }

  /** Tell a screen reader, several at once as a number. */
  tell(change) {
    this.heard.push(change);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const lines = this.heard.length > TOLD_MOST ? [`${this.heard.length} changes came in.`] : this.heard.map(sentence);
      this.heard = [];
      log.replaceChildren(...lines.map((line) => Object.assign(document.createElement('p'), {textContent: line})));
    }, 400);
  }
}

class EpisodesView extends View {
  async load() {
    try {
      const {episodes, mark} = await fetchEpisodes(this.aborts.signal);
      this.show(episodes);
      this.listen({}, mark);
    } catch (error) {
      this.failed(error);
      if (!this.episodes) this.show(null, error.message);
    }
  }

  changed() {
    this.refreshSoon();
  }

  async refresh() {
    this.show((await fetchEpisodes(this.aborts.signal)).episodes);
  }

  show(episodes, error = null) {
    this.episodes = episodes;
    document.title = 'truceline';
    render(h(Episodes, {episodes, error, live: true}), main);
  }
}

class EpisodeView extends View {
  constructor(name, at) {
    super();
    this.view = {name, at, picture: null, changes: [], complete: true, fresh: new Set(), error: null};
    this.now = null;
    this.show({});
  }

  async load() {
    const {name, at} = this.view;
    const {signal} = this.aborts;
    try {
      const picture = await fetchPicture(name, null, signal);
      const history = await fetchChanges(name, signal).catch(withoutPast);
      this.now = picture;
      this.show({clock: Date.parse(picture.clock), changes: dated(history.changes), complete: history.complete, picture: at === null ? picture : this.view.picture ?? picture, error: null});
      this.listen({episode: name}, picture.mark);
      if (at !== null) await this.goto(at);
    } catch (error) {
      if (error.status === 404) {
        this.show({error: `No report of an episode named ${name} has come in yet.`});
        this.listen({episode: name});
        return;
      }
      this.failed(error);
      if (error.name !== 'AbortError' && !this.view.picture) this.show({error: `${name} cannot be had: ${error.message}`});
    }
  }

  changed(change) {
    const {changes, fresh, picture} = this.view;
    if (!picture) {
      this.refreshSoon();
      return;
    }
    const known = changes.some((old) => old.data.change_id === change.data.change_id && old.data.cause?.report_id === change.data.cause?.report_id);
    if (known) return;
    const added = dated([...changes, change]);
    this.show({changes: added, fresh: new Set([...fresh, change.data.change_id]), picture: this.view.at === null ? followed(picture, change) : picture});
    this.age(change.data.change_id);
    this.wanted = change.data.origin?.offset ?? change.data.cause?.origin?.offset ?? -1;
    this.tell(change);
    this.refreshSoon();
  }

  /** A first report may have come between the answer that there is none and the stream. */
  isLive() {
    if (this.view.picture || this.looked) return;
    this.looked = true;
    fetchPicture(this.view.name, null, this.aborts.signal).then(() => this.load(), () => {});
  }

  /** What has come is new for a while. */
  age(id) {
    setTimeout(() => this.show({fresh: new Set([...this.view.fresh].filter((one) => one !== id))}), NEW_MS);
  }

  async refresh(tries = PICTURE_TRIES) {
    if (!this.view.picture) {
      await this.load();
      return;
    }
    const picture = await fetchPicture(this.view.name, null, this.aborts.signal);
    this.now = picture;
    this.show(this.view.at === null ? {picture, clock: Date.parse(picture.clock)} : {clock: Date.parse(picture.clock)});
    if (picture.through.offset < this.wanted && tries > 0) {
      await new Promise((resolve) => { setTimeout(resolve, 400); });
      await this.refresh(tries - 1);
    }
  }

  /** Show a time of the past, or with null what is known now. */
  async goto(at) {
    this.show(at === null ? {at, picture: this.now, error: null} : {at});
    if (at === null) return;
    this.past?.abort();
    this.past = new AbortController();
    const time = this.view.changes.findLast((change) => change.at <= at)?.time ?? new Date(at).toISOString();
    try {
      const picture = await fetchPicture(this.view.name, time, this.past.signal);
      if (this.view.at === at) this.show({picture, error: null});
    } catch (error) {
      if (error.name !== 'AbortError') this.show({error: `What was known on ${told(time)} UTC cannot be had: ${error.message}`});
    }
  }

  show(moved) {
    if (this.closed) return;
    this.view = {...this.view, ...moved};
    document.title = `${this.view.name} · truceline`;
    render(h(Episode, {view: this.view, onPast: (at) => this.slide(at)}), main);
  }

  slide(at) {
    const query = at === null ? '' : `?at=${new Date(at).toISOString()}`;
    history.replaceState(null, '', `#/${encodeURIComponent(this.view.name)}${query}`);
    this.goto(at);
  }
}

/** An episode that is too long to be told from its beginning is followed from now on. */
function withoutPast(error) {
  if (error.code !== 'past_too_long') throw error;
  return {changes: [], complete: false};
}

/** A picture with one change of a count taken in, until the next picture comes. */
function followed(picture, {topic, data}) {
  if (topic !== 'casualties') return picture;
  const same = (cell) => ['source', 'party', 'outcome', 'population'].every((field) => cell[field] === data[field]);
  const cell = picture.cells.find(same);
  if (!cell || cell.version >= data.version) return picture;
  const moved = {...cell, value: data.after, version: data.version};
  return {...picture, cells: picture.cells.map((one) => (one === cell ? moved : one))};
}

let since = null;
let alarm = null;

/** Say how the connection is; what is shown may be old while it is lost. */
function connection({state, words}) {
  const isLost = state === 'lost';
  if (!isLost) since = null;
  else since ??= new Date().toISOString();
  pill.className = `connection ${state}`;
  const said = isLost ? `${CONNECTION_WORDS.lost} since ${told(since, {year: false})} UTC, trying again` : CONNECTION_WORDS[state];
  if (pill.textContent !== said) pill.textContent = said;
  pill.title = words ?? '';
  document.body.classList.toggle('lost', isLost);
  clearTimeout(alarm);
  if (state === 'behind') trouble(`The server is behind: ${words}. What you see may be old.`);
  else if (isLost) alarm = setTimeout(() => trouble(`No connection: ${words}. What you see may be old.`), PATIENCE_MS);
  else trouble('');
}

function trouble(words) {
  notice.hidden = !words;
  if (notice.textContent !== words) notice.textContent = words;
}

function go() {
  const {name, at} = route();
  if (location.hash && !location.hash.startsWith('#/')) return;
  const moved = current !== null;
  current?.close();
  render(null, main);
  main.replaceChildren();
  current = name === null ? new EpisodesView() : new EpisodeView(name, at);
  current.load();
  if (moved) {
    main.focus({preventScroll: true});
    scrollTo(0, 0);
  }
}

document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', go);
go();
