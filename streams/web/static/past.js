// The slider over the past: from change to change, on the time axis of the charts above it.
import {h} from './preact/preact.mjs';
import {inset} from './axis.js';
import {inZone, told} from './words.js';

const PAGE = 10;
/** With more changes than this their places on the slider are not marked. */
const TICKS_MOST = 300;

/** `at` is the time shown in milliseconds, null for now; `onPast` is told the new one. */
export function Past({moments, range: [start, end], at, onPast, room}) {
  const last = moments.length - 1;
  const shown = at === null ? last : Math.max(0, before(moments, at));
  const go = (index) => onPast(index >= last ? null : moments[Math.max(0, index)]);
  const keys = {
    ArrowLeft: shown - 1, ArrowDown: shown - 1, ArrowRight: shown + 1, ArrowUp: shown + 1,
    PageUp: shown + PAGE, PageDown: shown - PAGE, Home: 0, End: last,
  };
  const move = (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    go(keys[event.key]);
  };
  const time = new Date(moments[shown]).toISOString();
  const words = `${told(time)} UTC, moment ${shown + 1} of ${moments.length}`;
  return h('div', {class: 'past'},
    h('div', {class: 'slide', ref: inset(room)},
      moments.length <= TICKS_MOST && h('svg', {class: 'ticks', width: '100%', height: 6, 'aria-hidden': 'true'},
        moments.map((moment) => {
          const x = `${(100 * (moment - start)) / (end - start)}%`;
          return h('line', {key: moment, x1: x, x2: x, y1: 0, y2: 6});
        })),
      h('input', {
        type: 'range', min: start, max: end, step: 'any', value: at === null ? end : moments[shown],
        'aria-label': 'Time shown', 'aria-valuetext': at === null ? `now, ${words}` : words,
        onKeyDown: move, onInput: (event) => go(before(moments, Number(event.target.value))),
      })),
    h('p', {class: 'past-words'},
      h('button', {type: 'button', disabled: shown <= 0, onClick: () => go(shown - 1), 'aria-label': 'The change before'}, '‹'),
      h('button', {type: 'button', disabled: at === null, onClick: () => go(shown + 1), 'aria-label': 'The change after'}, '›'),
      at === null
        ? h('span', null, 'Now; pull the slider back to see what was known before')
        : [h('span', null, 'As known on ', h('b', {title: inZone(time)}, `${told(time)} UTC`)),
          h('button', {type: 'button', class: 'now', onClick: () => onPast(null)}, 'Back to now')]));
}

/** The last moment at or before a time. */
function before(moments, at) {
  return moments.findLastIndex((moment) => moment <= at);
}
