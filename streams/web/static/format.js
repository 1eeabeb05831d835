// Times as people write them, in UTC and always with the year, and text made harmless.
import {speech, t} from './i18n.js';

// C0 and C1 controls, and characters that turn the direction of writing around.
// eslint-disable-next-line no-control-regex
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'local';
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2}))?$/;
const IN_ZONE = {weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23'};

export const plain = (text) => String(text).replace(STEERING, '\ufffd');
export const spaced = (word) => word.replaceAll('_', ' ');
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const listed = (names) => names.join(t('comma'));

const two = (number) => String(number).padStart(2, '0');
const months = () => speech.messages.months.split(' ');

/** A time as `14 Sep 2022 16:00`, in UTC; a dash for none. */
export function told(time) {
  if (time == null) return '–';
  const at = new Date(time);
  return `${dayOf(at)} ${clock(at)}`;
}

/** The same to the second, where it has seconds. */
function exactly(time) {
  const seconds = new Date(time).getUTCSeconds();
  return told(time) + (seconds ? `:${two(seconds)}` : '');
}

export const dayOf = (at, year = true) => `${at.getUTCDate()} ${months()[at.getUTCMonth()]}${year ? ` ${at.getUTCFullYear()}` : ''}`;
export const monthOf = (at) => `${months()[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
export const clock = (at) => `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;

/** The same time for a reader elsewhere: shown on hover. */
export const inZone = (time) => t('inZone', {
  time: exactly(time), local: new Intl.DateTimeFormat(speech.locale, IN_ZONE).format(new Date(time)), zone: ZONE,
});

/** Milliseconds of a time in an address: a day (its first moment) or a full time with its offset; NaN for others. */
export const readTime = (text) => (TIME.test(text) ? Date.parse(text) : Number.NaN);
