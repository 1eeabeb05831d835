// What a reader takes away from a card or chart: a link, a citation, tables, a picture.
import {h, Component} from './preact/preact.mjs';
import {linkTo} from './address.js';
import {told} from './format.js';
import {t} from './i18n.js';

export class TakeAway extends Component {
  render({name, title, known, what, card, figures, png}, {open}) {
    return h('details', {class: 'take', onToggle: (event) => this.setState({open: event.target.open})},
      h('summary', {'aria-label': t('shareOf', {what})}, t('share')),
      open && h(Ways, {name, title, known, what, card, figures, png}));
  }
}

function Ways({name, title, known, what, card, figures, png}) {
  const link = linkTo({card});
  const cited = t('citation', {title, what, figures: figures ? `: ${figures}` : '', known: told(known), link});
  const base = `episodes/${encodeURIComponent(name)}`;
  return h('div', {class: 'ways'},
    h(Copied, {label: t('link'), text: link}),
    h(Copied, {label: t('cite'), text: cited}),
    h('p', {class: 'files'},
      h('a', {href: `${base}/cells.csv`}, t('csvFigures')), h('a', {href: `${base}/changes.csv`}, t('csvChanges')), h('a', {href: base}, 'JSON'),
      png && h('button', {type: 'button', onClick: png}, t('png'))));
}

/** A text to copy: with the button, or by hand where the browser does not let a page do it. */
class Copied extends Component {
  copy = async () => {
    this.field.select();
    try {
      await navigator.clipboard.writeText(this.props.text);
      this.setState({done: true});
    } catch {
      this.setState({done: false});
    }
  };

  render({label, text}, {done}) {
    return h('div', {class: 'copied'},
      h('label', null, h('span', null, label),
        h('input', {type: 'text', readOnly: true, value: text, dir: 'ltr', ref: (field) => { this.field = field; }, onFocus: (event) => event.target.select()})),
      h('button', {type: 'button', onClick: this.copy, 'aria-label': t('copyOf', {what: label})}, done ? t('copied') : t('copy')));
  }
}
