// The page: its language, and the view that the address asks for.
import {h, render} from './preact/preact.mjs';
import {deskRoute, hashOf, move, route} from './address.js';
import {readTime} from './format.js';
import {LANGUAGES, preferred, remember, rich, speak, speech, t} from './i18n.js';
import {EpisodesView, EpisodeView} from './views.js';

const main = document.getElementById('content');
let current = null;
/** How many views were opened: one that is still loading gives way to a later one. */
let opened = 0;

/** Where the address points: the time in milliseconds, null for now, NaN where it cannot be read. */
function asked() {
  const {name, at} = route();
  return {name, at: at === null ? null : readTime(at), said: at};
}

async function open(moved) {
  const turn = ++opened;
  current?.close();
  render(null, main);
  main.replaceChildren();
  const desk = deskRoute();
  const {name, at, said} = asked();
  const views = desk && await import('./desk/views.js');
  if (turn !== opened) return;
  if (desk) current = new views.DeskView(main, desk);
  else if (Number.isNaN(at)) current = new UnreadableTime(name, said);
  else current = name === null ? new EpisodesView(main) : new EpisodeView(main, name, at);
  current.load();
  if (!moved) return;
  main.focus({preventScroll: true});
  scrollTo(0, 0);
}

/** An address whose time cannot be read: other figures than were meant would mislead, so there are none. */
class UnreadableTime {
  constructor(name, said) {
    Object.assign(this, {name, said});
  }

  load() {
    const now = h('a', {href: hashOf({name: this.name, lang: route().lang})}, t('showNow'));
    render(h('div', {class: 'notice', role: 'alert'}, h('p', null, rich('unreadableTime', {text: h('bdi', null, h('code', null, this.said))})), h('p', null, now)), main);
  }

  close() {
    render(null, main);
  }
}

/** The parts of the page that are there before any view, in the language in force. */
function labelled() {
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll('[data-t-label]')) element.setAttribute('aria-label', t(element.dataset.tLabel));
  picker.value = speech.lang;
}

const picker = document.getElementById('language');
picker.replaceChildren(...Object.entries(LANGUAGES).map(([code, name]) => Object.assign(document.createElement('option'), {value: code, textContent: name, lang: code})));
picker.addEventListener('change', async () => {
  remember(picker.value);
  await speak(picker.value);
  if (route().lang) move({lang: picker.value});
  labelled();
  open(false);
});

document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});

addEventListener('hashchange', async () => {
  if (location.hash && !location.hash.startsWith('#/')) return;
  const {lang} = route();
  if (lang && lang !== speech.lang && Object.hasOwn(LANGUAGES, lang)) {
    await speak(lang);
    labelled();
  }
  open(true);
});

await speak(preferred(route().lang));
labelled();
open(false);
