// Small parts that every section uses.
import {h, Component} from './preact/preact.mjs';
import {inZone, plain, told} from './format.js';
import {t} from './i18n.js';
import {hasRegistry, isRegistered, partyName, sourceName} from './names.js';
import {age} from './words.js';

const FLASH_MS = 6000;

/** Text of a report: data, in its own language and direction, never markup. */
export const Said = ({text, lang = '', ...rest}) => h('bdi', {...rest, lang: lang ?? ''}, plain(text));

/** A source by its name in the registry; one that is not in it is marked where there is a registry. */
export const SourceName = ({slug, as = 'span', mark = true, ...rest}) => h(as, {...rest, title: slug},
  h('bdi', null, sourceName(slug)),
  mark && hasRegistry() && !isRegistered(slug) && [' ', h('span', {class: 'tag unregistered'}, t('notRegistered'))]);

/** A party with its colour. */
export const Party = ({slug, colours}) => [
  h('i', {class: `swatch ${colours?.has(slug) ? `line-${colours.get(slug)}` : ''}`, 'aria-hidden': 'true'}),
  h('bdi', {title: slug}, partyName(slug)),
];

/** A time in UTC; the reader's own zone on hover. */
export const Time = ({at}) => (at == null ? '–' : h('time', {dateTime: at, title: inZone(at)}, told(at)));

/** A time that a figure holds for, and how old it is against the episode's newest report. */
export function AsOf({at, newest}) {
  const old = age(at, newest);
  return h('span', {class: 'asof'}, h(Time, {at}), old && h('span', {class: 'old'}, old));
}

/** A link to a report's address, with its host; http and https alone. */
export function Source({url, children}) {
  const address = parsed(url);
  if (!address) return children;
  return [
    h('a', {href: address.href, rel: 'noopener noreferrer external', target: '_blank', referrerPolicy: 'no-referrer'}, children),
    h('bdi', {class: 'host'}, ` ${address.host}`),
  ];
}

function parsed(url) {
  try {
    const address = new URL(url);
    return ['http:', 'https:'].includes(address.protocol) ? address : null;
  } catch {
    return null;
  }
}

/** Something that flashes once when its value changes while the reader watches: `live` before and after. */
export class Flash extends Component {
  hold = (base) => { this.base = base; };

  componentDidMount() {
    if (this.props.fresh) this.flash();
  }

  componentDidUpdate(before) {
    if (before.live && this.props.live && before.value !== this.props.value) this.flash();
  }

  componentWillUnmount() {
    clearTimeout(this.timer);
  }

  flash() {
    const {base} = this;
    if (!base) return;
    base.classList.remove('changed');
    void base.offsetWidth; // so that it begins again where it is still under way
    base.classList.add('changed');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => base.classList.remove('changed'), FLASH_MS);
  }

  render({as = 'span', class: name, children}) {
    return h(as, {class: name, ref: this.hold}, children);
  }
}
