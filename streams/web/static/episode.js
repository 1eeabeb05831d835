// One episode: the time shown, losses, ceasefires, charts, changes and sources.
import {h, Component} from './preact/preact.mjs';
import {hashOf, route} from './address.js';
import {Ceasefires} from './ceasefire.js';
import {Feed} from './feed.js';
import {t} from './i18n.js';
import {Losses} from './losses.js';
import {Places} from './map.js';
import {episodeSummary, episodeTitle, hasPlaces, hasRegistry, partyColours} from './names.js';
import {Time} from './parts.js';
import {Past} from './past.js';
import {Series} from './series.js';
import {Sources} from './sources.js';
import {cellKey, storyOf} from './story.js';
import {Timeline} from './timeline.js';
import {sentence} from './words.js';

/** Renders again only when what it shows is another: `view` is replaced as a whole whenever something moves. */
export class Episode extends Component {
  shouldComponentUpdate(next) {
    return next.view !== this.props.view;
  }

  componentDidUpdate() {
    // A link to a card leads to it, once it is there.
    const {card} = route();
    if (!card || this.led || !this.props.view.picture) return;
    this.led = true;
    document.getElementById(`card-${card}`)?.scrollIntoView();
  }

  render({view, onPast}) {
    const {name, picture, changes, at, clock, complete, fresh, isStale, error} = view;
    const title = episodeTitle(name);
    const list = h('a', {href: hashOf({lang: route().lang})}, t('allEpisodes'));
    if (!picture) {
      return [h('p', {class: 'back'}, list), h('div', {class: 'title'}, h('h1', null, title)), error ? h('div', {class: 'notice', role: 'alert'}, h('p', null, error), h('p', null, list)) : h('p', {class: 'quiet'}, t('loading'))];
    }
    const whole = this.story('whole', changes);
    const known = at === null ? changes : this.until(changes, at);
    const story = at === null ? whole : this.story('known', known);
    const live = at === null;
    const last = new Map(known.filter((change) => change.topic === 'casualties').map((change) => [cellKey(change.data), change]));
    const colours = partyColours(whole.lines.map((line) => line.party));
    const share = {name, title, known: at === null ? picture.clock : new Date(at).toISOString()};
    const heard = new Map(picture.cells.filter((cell) => cell.value).map((cell) => [cellKey(cell), Date.parse(cell.value.as_of)]));
    const latest = known.at(-1);
    return [
      h('p', {class: 'back'}, list),
      h('div', {class: 'title'}, h('h1', null, h('bdi', null, title)), episodeSummary(name) && h('p', {class: 'summary'}, h('bdi', null, episodeSummary(name)))),
      h('p', {class: 'quiet state'}, `${t('newestReport')} `, h(Time, {at: picture.clock}), h('bdi', null, ' UTC'), known.length > 0 && [' · ', h('bdi', null, t('changes', {n: known.length}))]),
      error && h('p', {class: 'notice', role: 'alert'}, error),
      !hasRegistry() && h('p', {class: 'notice'}, t('noRegistry')),
      whole.moments.length > 0 && h(Past, {moments: whole.moments, at, onPast, isStale}),
      latest && h('p', {class: 'latest'}, h('span', {class: 'quiet'}, `${t('latest')} `), h(Time, {at: latest.time}), ': ', sentence(latest)),
      h('div', {class: isStale ? 'main stale' : 'main', 'aria-busy': String(Boolean(isStale))},
        h('h2', null, t('lossesByClaim')),
        h(Losses, {picture, live, colours, share}),
        h('h2', null, t('ceasefire')),
        h('div', {class: 'ceasefires'}, h(Ceasefires, {picture, story, live, share})),
        whole.moments.length > 0 && [h('h2', null, t('overTime')), h(Timeline, {whole, story, at, clock, complete, colours, heard, share, picture})],
        live && whole.lines.length > 0 && [h('h2', null, t('series')), h(Series, {episode: name, through: picture, span: whole.lastAt - whole.firstAt, colours, canSinceCeasefire: inEffect(picture)})],
        live && hasPlaces() && h(Places, {episode: name, through: picture, colours}),
        h(Feed, {changes: known, complete, fresh}),
        h('h2', null, t('bySource')),
        h(Sources, {episode: name, at: at === null ? null : new Date(at).toISOString(), cells: picture.cells, last, fresh, live, colours, share, newest: picture.clock})),
    ];
  }

  /** The story of changes, made again only when there are others. */
  story(which, changes) {
    if (this[`${which}Of`] !== changes) [this[`${which}Of`], this[which]] = [changes, storyOf(changes)];
    return this[which];
  }

  until(changes, at) {
    if (this.untilOf !== changes || this.untilAt !== at) {
      Object.assign(this, {untilOf: changes, untilAt: at, past: changes.filter((change) => change.at <= at)});
    }
    return this.past;
  }
}

/** Is the main ceasefire in effect? */
const inEffect = ({ceasefires}) => ceasefires.some(({ceasefire, view, status}) => ceasefire === 'main' && view === 'joint' && status === 'in_effect');
