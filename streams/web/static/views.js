// The two views: what each holds, and what comes in for it.
import {h, render} from './preact/preact.mjs';
import {connection} from './connection.js';
import {Episode} from './episode.js';
import {Episodes} from './episodes.js';
import {told} from './format.js';
import {t} from './i18n.js';
import {move} from './address.js';
import {episodeTitle, know} from './names.js';
import {Refused, Stream, fetchChanges, fetchEpisodes, fetchNames, fetchPicture} from './server.js';
import {cellKey, dated} from './story.js';
import {sentence} from './words.js';

/** Snapshots are asked for at most so often while changes come in. */
const REFRESH_MS = 1000;
const SOON_MS = 120;
/** Changes that come within this long are shown at once. */
const GATHER_MS = 60;
/** Where a picture does not show a change yet (on Kafka it may be a second behind), it is asked for again. */
const PICTURE_TRIES = 6;
const AGAIN_MS = 400;
/** The slider has come to rest. */
const SLIDE_MS = 150;
/** So long a change counts as new. */
const NEW_MS = 8000;
/** More changes at once than this are told to a screen reader as a number. */
const TOLD_MOST = 3;

const log = document.getElementById('told');

/** What both views share: a stream, snapshots that follow its changes, and how the connection is. */
class View {
  constructor(main) {
    this.main = main;
    this.aborts = new AbortController();
    this.heard = [];
  }

  close() {
    this.closed = true;
    this.aborts.abort();
    this.stream?.close();
    clearTimeout(this.due);
    clearTimeout(this.telling);
    clearTimeout(this.sliding);
    this.past?.abort();
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
  tell(changes) {
    this.heard.push(...changes);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const lines = this.heard.length > TOLD_MOST ? [t('changesCame', {n: this.heard.length})] : this.heard.map(sentence);
      this.heard = [];
      log.replaceChildren(...lines.map((line) => Object.assign(document.createElement('p'), {textContent: line})));
    }, 400);
  }
}

/** The list of episodes. */
export class EpisodesView extends View {
  async load() {
    try {
      const [{episodes, mark}, names] = await Promise.all([fetchEpisodes(this.aborts.signal), fetchNames()]);
      know(names);
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
    render(h(Episodes, {episodes, error, live: true}), this.main);
  }
}

/** One episode: its picture, its changes, and the time that is looked at. */
export class EpisodeView extends View {
  constructor(main, name, at) {
    super(main);
    this.view = {name, at, picture: null, changes: [], complete: true, fresh: new Set(), error: null};
    this.now = null;
    this.came = [];
    this.known = new Set();
    this.show({});
  }

  async load() {
    const {name, at} = this.view;
    const {signal} = this.aborts;
    try {
      const named = fetchNames();
      named.then(know);
      const picture = await fetchPicture(name, null, signal);
      const history = await fetchChanges(name, signal).catch(withoutPast);
      know(await named);
      this.now = picture;
      this.known = new Set(history.changes.map(({data}) => data.change_id));
      this.show({clock: Date.parse(picture.clock), changes: dated(history.changes), complete: history.complete, picture: at === null ? picture : this.view.picture ?? picture, error: null});
      this.listen({episode: name}, picture.mark);
      if (at !== null) this.goto(at);
    } catch (error) {
      if (error.status === 404) {
        this.show({error: t('unknownEpisode', {name})});
        this.listen({episode: name});
        return;
      }
      this.failed(error);
      if (error.name !== 'AbortError' && !this.view.picture) this.show({error: t('episodeFailed', {name, reason: error.message})});
    }
  }

  /** Many may come at once: they are taken in together. */
  changed(change) {
    this.came.push(change);
    this.taking ??= setTimeout(() => this.take(), GATHER_MS);
  }

  take() {
    const came = this.came.filter(({data}) => !this.known.has(data.change_id));
    this.came = [];
    this.taking = null;
    this.refreshSoon();
    const {changes, fresh, picture, at} = this.view;
    if (!picture || !came.length) return;
    const ids = came.map(({data}) => data.change_id);
    for (const id of ids) this.known.add(id);
    this.show({changes: dated([...changes, ...came]), fresh: new Set([...fresh, ...ids]), picture: at === null ? followed(picture, came) : picture});
    setTimeout(() => this.show({fresh: new Set([...this.view.fresh].filter((id) => !ids.includes(id)))}), NEW_MS);
    this.wanted = Math.max(...came.map(({data}) => data.cause?.origin?.offset ?? -1));
    this.tell(came);
  }

  /** A first report may have come between the answer that there is none and the stream. */
  isLive() {
    if (this.view.picture || this.looked) return;
    this.looked = true;
    fetchPicture(this.view.name, null, this.aborts.signal).then(() => this.load(), () => {});
  }

  async refresh(tries = PICTURE_TRIES) {
    if (!this.view.picture) {
      await this.load();
      return;
    }
    const picture = await fetchPicture(this.view.name, null, this.aborts.signal);
    // Answers may overtake each other.
    if (picture.through.offset < this.now.through.offset) return;
    this.now = picture;
    const clock = Date.parse(picture.clock);
    this.show(this.view.at === null ? {picture: notBehind(picture, this.view.picture), clock} : {clock});
    if (picture.through.offset < this.wanted && tries > 0) {
      await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
      await this.refresh(tries - 1);
    }
  }

  /** Show a time of the past, or with null what is known now. */
  goto(at) {
    clearTimeout(this.sliding);
    this.past?.abort();
    if (at === null) this.show({at, picture: this.now, isStale: false, error: null});
    else {
      this.show({at, isStale: true});
      // Each is folded anew on the server: who pulls the slider along is not answered at each change.
      this.sliding = setTimeout(() => this.fetchPast(at), SLIDE_MS);
    }
  }

  async fetchPast(at) {
    this.past = new AbortController();
    // As it is written, to the microsecond, where a change was made known then.
    const time = this.view.changes.findLast((change) => change.at === at)?.time ?? new Date(at).toISOString();
    try {
      const picture = await fetchPicture(this.view.name, time, this.past.signal);
      if (this.view.at === at) this.show({picture, isStale: false, error: null});
    } catch (error) {
      if (error.name !== 'AbortError') this.show({error: t('pastFailed', {time: told(time), reason: error.message}), isStale: false});
    }
  }

  show(moved) {
    if (this.closed) return;
    this.view = {...this.view, ...moved};
    document.title = `${episodeTitle(this.view.name)} · truceline`;
    render(h(Episode, {view: this.view, onPast: (at) => this.slide(at)}), this.main);
  }

  slide(at) {
    move({at: at === null ? null : new Date(at).toISOString()});
    this.goto(at);
  }
}

/** An episode that is too long to be told from its beginning is followed from now on. */
function withoutPast(error) {
  if (error.code !== 'past_too_long') throw error;
  return {changes: [], complete: false};
}

/** A picture with changes of counts taken in, until the next picture comes. */
function followed(picture, changes) {
  const last = new Map(changes.filter(({topic}) => topic === 'casualties').map(({data}) => [cellKey(data), data]));
  const cells = picture.cells.map((cell) => {
    const data = last.get(cellKey(cell));
    return data && data.version > cell.version ? {...cell, value: data.after, version: data.version} : cell;
  });
  return {...picture, cells};
}

/** A picture without going back on cells of which a later change was told. */
function notBehind(picture, held) {
  const before = new Map(held.cells.map((cell) => [cellKey(cell), cell]));
  const later = (cell) => before.get(cellKey(cell))?.version > cell.version;
  return {...picture, cells: picture.cells.map((cell) => (later(cell) ? before.get(cellKey(cell)) : cell))};
}
