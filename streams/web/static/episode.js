// One episode: losses, ceasefires, timeline, sources and what changed.
import {h, Component} from './preact/preact.mjs';
import {Ceasefires} from './ceasefire.js';
import {Feed} from './feed.js';
import {looksOf, partyColours} from './looks.js';
import {Losses} from './losses.js';
import {Time} from './parts.js';
import {Sources} from './sources.js';
import {cellKey, storyOf} from './story.js';
import {Timeline} from './timeline.js';
import {count} from './words.js';

/** Renders anew only when what it shows is another: `view` is replaced as a whole whenever something moves. */
export class Episode extends Component {
  shouldComponentUpdate(next) {
    return next.view !== this.props.view;
  }

  render({view, onPast}) {
    const {name, picture, changes, at, clock, complete, names, fresh, isStale, error} = view;
    if (!picture) {
      return [h('div', {class: 'title'}, h('h1', null, name)), error ? h('p', {class: 'notice', role: 'alert'}, error) : h('p', {class: 'quiet'}, 'Loading …')];
    }
    const whole = this.story('whole', changes);
    const known = at === null ? changes : this.until(changes, at);
    const story = at === null ? whole : this.story('known', known);
    const live = at === null;
    const last = new Map(known.filter((change) => change.topic === 'casualties').map((change) => [cellKey(change.data), change]));
    const colours = partyColours(whole.lines.map((line) => line.party));
    return [
      h('div', {class: 'title'},
        h('h1', null, name),
        h('p', {class: 'quiet'}, 'As of ', h(Time, {at: picture.clock}), ' UTC', known.length > 0 && ` · ${count(known.length)} ${known.length === 1 ? 'change' : 'changes'}`)),
      error && h('p', {class: 'notice', role: 'alert'}, error),
      at !== null && h('p', {class: 'notice past-notice', role: 'status'}, 'This is what was known on ', h('b', null, h(Time, {at: new Date(at).toISOString()}), ' UTC'), ', not what is known now. ',
        h('button', {type: 'button', onClick: () => onPast(null)}, 'Back to now')),
      h('div', {class: 'columns'},
        h('div', {class: isStale ? 'main stale' : 'main', 'aria-busy': String(Boolean(isStale))},
          h('h2', null, 'Losses, by who says it'),
          h(Losses, {picture, live, colours, names}),
          h('h2', null, 'Ceasefire'),
          h('div', {class: 'ceasefires'}, h(Ceasefires, {picture, story, live, names})),
          whole.moments.length > 0 && [h('h2', null, 'Over time'), h(Timeline, {whole, story, at, clock, onPast, complete})],
          h('h2', null, 'What each source says'),
          h(Sources, {episode: name, at: at === null ? null : new Date(at).toISOString(), cells: picture.cells, last, fresh, live, names, looks: looksOf(whole.lines)})),
        h('aside', {class: 'side', 'aria-label': 'What changed'}, h(Feed, {changes: known, complete, fresh, names}))),
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
