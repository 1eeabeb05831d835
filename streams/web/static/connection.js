// The state of the connection in words: while it is lost or the server is behind, the figures shown may be old.
import {told} from './format.js';
import {t} from './i18n.js';

/** A connection that is back within this time raises no alarm. */
const PATIENCE_MS = 5000;

const pill = document.getElementById('connection');
const notice = document.getElementById('trouble');
let since = null;
let alarm = null;

/** Show a state: connecting, live, behind or lost, with the reason in words; none for a page without a stream. */
export function connection({state, words}) {
  const isLost = state === 'lost';
  if (!isLost) since = null;
  else since ??= new Date().toISOString();
  pill.className = `connection ${state}`;
  const said = state === 'none' ? '' : isLost ? t('connection.lost', {time: told(since)}) : t(`connection.${state}`);
  if (pill.textContent !== said) pill.textContent = said;
  pill.title = words ?? t('connection.help');
  document.body.classList.toggle('lost', isLost);
  clearTimeout(alarm);
  if (state === 'behind') trouble(t('trouble.behind', {reason: words}));
  else if (isLost) alarm = setTimeout(() => trouble(t('trouble.lost', {reason: words})), PATIENCE_MS);
  else trouble('');
}

function trouble(words) {
  notice.hidden = !words;
  if (notice.textContent !== words) notice.textContent = words;
}
