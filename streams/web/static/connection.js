// How the connection is, in words: what is shown may be old while it is lost or the server is behind.
import {told} from './words.js';

/** A connection that is back within this long was never lost, for who reads. */
const PATIENCE_MS = 5000;
const WORDS = {connecting: 'Connecting …', live: 'Live', behind: 'Behind', lost: 'Disconnected'};

const pill = document.getElementById('connection');
const notice = document.getElementById('trouble');
let since = null;
let alarm = null;

/** Show a state: connecting, live, behind or lost, with the reason in words. */
export function connection({state, words}) {
  const isLost = state === 'lost';
  if (!isLost) since = null;
  else since ??= new Date().toISOString();
  pill.className = `connection ${state}`;
  const said = isLost ? `${WORDS.lost} since ${told(since, {year: false})} UTC, trying again` : WORDS[state];
  if (pill.textContent !== said) pill.textContent = said;
  pill.title = words ?? '';
  document.body.classList.toggle('lost', isLost);
  clearTimeout(alarm);
  if (state === 'behind') trouble(`The server is behind: ${words}. What you see may be old.`);
  else if (isLost) alarm = setTimeout(() => trouble(`No connection: ${words}. What you see may be old.`), PATIENCE_MS);
  else trouble('');
}

function trouble(words) {
  notice.hidden = !words;
  if (notice.textContent !== words) notice.textContent = words;
}
