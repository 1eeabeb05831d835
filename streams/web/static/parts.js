// Small parts that every section uses.
import {h, Component} from './preact/preact.mjs';
import {inZone, plain, told} from './words.js';

const FLASH_MS = 6000;

/** Text as somebody wrote it: data, in its own direction, never markup. */
export const Said = ({text, ...rest}) => h('bdi', rest, plain(text));

/** A source by its slug, with its name in the registry on hover. */
export function Named({slug, names, as = 'span', ...rest}) {
  const known = names?.[slug];
  return h(as, {...rest, title: known ? plain(known.name) : 'not in the source registry'}, slug);
}

/** A time in UTC; the reader's own zone on hover. */
export const Time = ({at, year}) => (at == null ? '–' : h('time', {dateTime: at, title: inZone(at)}, told(at, {year})));

/** A link to a report's address, with where it leads; http and https alone. */
export function Source({url, children}) {
  const address = parsed(url);
  if (!address) return children;
  return [
    h('a', {href: address.href, rel: 'noopener noreferrer external', target: '_blank', referrerPolicy: 'no-referrer'}, children),
    h('span', {class: 'host'}, ` ${address.host}`),
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
