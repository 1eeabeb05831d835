// The time shown: a slider from change to change, a date box, and a button that plays the history.
import {h, Component} from './preact/preact.mjs';
import {dayOf, inZone, told} from './format.js';
import {count, rich, t} from './i18n.js';

const PAGE = 10;
/** With more changes than this their places on the slider are not marked. */
const TICKS_MOST = 300;
/** A history is played in so many steps at most, one in so long a time. */
const FRAMES_MOST = 60;
const FRAME_MS = 700;

/** `at` is the time shown in milliseconds, null for now; `onPast` is called with the new one. */
export class Past extends Component {
  componentDidUpdate() {
    // The next frame comes once the last one is drawn.
    if (this.state.playing && !this.props.isStale && !this.timer) this.timer = setTimeout(() => this.frame(), FRAME_MS);
  }

  componentWillUnmount() {
    clearTimeout(this.timer);
  }

  play() {
    const {moments, at, onPast} = this.props;
    if (this.state.playing) return this.stop();
    const isAtEnd = at === null || at >= moments.at(-1);
    this.setState({playing: true});
    if (isAtEnd) onPast(moments[0]);
    return undefined;
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.setState({playing: false});
  }

  frame() {
    this.timer = null;
    const {moments, at, onPast} = this.props;
    const stride = Math.max(1, Math.ceil(moments.length / FRAMES_MOST));
    const next = before(moments, at ?? Infinity) + stride;
    if (next >= moments.length - 1) this.stop();
    onPast(next >= moments.length - 1 ? null : moments[next]);
  }

  render({moments, at, onPast}, {playing}) {
    const last = moments.length - 1;
    const [start, end] = [moments[0], moments[last]];
    const shown = at === null ? last : Math.max(0, before(moments, at));
    const go = (index) => {
      if (playing) this.stop();
      onPast(index >= last ? null : moments[Math.max(0, index)]);
    };
    const keys = {
      ArrowLeft: shown - 1, ArrowDown: shown - 1, ArrowRight: shown + 1, ArrowUp: shown + 1,
      PageUp: shown + PAGE, PageDown: shown - PAGE, Home: 0, End: last,
    };
    const press = (event) => {
      if (!(event.key in keys)) return;
      event.preventDefault();
      go(keys[event.key]);
    };
    const jump = (event) => {
      const wanted = Date.parse(`${event.target.value}Z`);
      if (Number.isNaN(wanted)) return;
      if (playing) this.stop();
      onPast(wanted >= end ? null : Math.max(start, wanted));
    };
    const time = new Date(at ?? end).toISOString();
    const place = t('momentOf', {time: told(time), number: count(shown + 1), all: count(moments.length)});
    return h('section', {class: 'past card', 'aria-label': t('timeShown')},
      h('div', {class: 'past-row'},
        h('button', {type: 'button', class: 'play', onClick: () => this.play(), 'aria-label': t(playing ? 'pause' : 'play')}, playing ? '❚❚' : '▶'),
        h('button', {type: 'button', disabled: shown <= 0, onClick: () => go(shown - 1), 'aria-label': t('changeBefore')}, '‹'),
        h('div', {class: 'slide', dir: 'ltr'},
          h('input', {
            type: 'range', min: start, max: Math.max(end, start + 1), step: 'any', value: at === null ? end : at,
            'aria-label': t('timeShown'), 'aria-valuetext': at === null ? `${t('now')}${t('comma')}${place}` : place,
            onKeyDown: press, onInput: (event) => go(before(moments, Number(event.target.value))),
          }),
          h('svg', {class: 'ticks', width: '100%', height: 6, 'aria-hidden': 'true'},
            moments.length <= TICKS_MOST && end > start && moments.map((moment) => {
              const x = `${(100 * (moment - start)) / (end - start)}%`;
              return h('line', {key: moment, x1: x, x2: x, y1: 0, y2: 6});
            })),
          h('p', {class: 'ends', 'aria-hidden': 'true'}, h('span', null, dayOf(new Date(start))), h('span', null, dayOf(new Date(end))))),
        h('button', {type: 'button', disabled: at === null, onClick: () => go(shown + 1), 'aria-label': t('changeAfter')}, '›'),
        h('label', {class: 'date'}, h('span', {class: 'unseen'}, t('dateBox')),
          h('input', {type: 'datetime-local', value: time.slice(0, 16), min: new Date(start).toISOString().slice(0, 16), max: new Date(end + 60_000).toISOString().slice(0, 16), onChange: jump}), ' UTC')),
      h('p', {class: at === null ? 'past-words' : 'past-words past-notice', role: 'status'},
        at === null ? t('slideBack') : [rich('knownThen', {time: h('b', {title: inZone(time)}, `${told(time)} UTC`)}), ' ',
          h('button', {type: 'button', class: 'now', onClick: () => go(last)}, t('backToNow'))]));
  }
}

/** The last moment at or before a time. */
function before(moments, at) {
  return moments.findLastIndex((moment) => moment <= at);
}
