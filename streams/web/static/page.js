// The page: which view the address asks for.
import {render} from './preact/preact.mjs';
import {EpisodeView, EpisodesView} from './views.js';

const main = document.getElementById('content');
let current = null;

/** Where the address points: an episode's name or null for all, and a time. */
function route() {
  const [path, query = ''] = location.hash.slice(2).split('?');
  const at = Date.parse(new URLSearchParams(query).get('at') ?? '');
  let name = path;
  try {
    name = decodeURIComponent(path);
  } catch {
    // As it stands: no episode is named so, and the page will say it.
  }
  return {name: name || null, at: Number.isNaN(at) ? null : at};
}

function go() {
  const {name, at} = route();
  if (location.hash && !location.hash.startsWith('#/')) return;
  const moved = current !== null;
  current?.close();
  render(null, main);
  main.replaceChildren();
  current = name === null ? new EpisodesView(main) : new EpisodeView(main, name, at);
  current.load();
  if (moved) {
    main.focus({preventScroll: true});
    scrollTo(0, 0);
  }
}

document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', go);
go();
