// The views of the desk: the queue, one document, and a report by hand.
import {h, render} from '../preact/preact.mjs';
import {addMessages, t} from '../i18n.js';
import {know} from '../names.js';
import {connection} from '../connection.js';
import {ask, fetchNames} from '../server.js';
import {Entry} from './entry.js';
import {LoggedIn, Login} from './login.js';
import messages from './messages.js';
import {Quality} from './quality.js';
import {Queue} from './queue.js';
import {Review} from './review.js';

addMessages(messages);

const log = document.getElementById('told');

/** A page of the desk; `page` is review or new, `id` a document or an episode. */
export class DeskView {
  constructor(main, {page, id}) {
    Object.assign(this, {main, page, id});
  }

  async load() {
    connection({state: 'none'});
    document.title = `${t(`desk.${this.page}`)} · truceline`;
    know(await fetchNames());
    if (this.closed) return;
    const who = await ask('whoami').catch((error) => error);
    if (this.closed) return;
    if (who.status === 401) return render(h(Login, {done: () => this.load()}), this.main);
    const tell = (words) => log.append(Object.assign(document.createElement('p'), {textContent: words}));
    const page = this.page === 'new' ? h(Entry, {episode: this.id}) : this.page === 'quality' ? h(Quality) : this.id ? h(Review, {key: this.id, id: this.id, tell}) : h(Queue);
    render([who.cookie && h(LoggedIn, {key: 'who', name: who.name, left: () => this.load()}), page], this.main);
  }

  close() {
    this.closed = true;
    render(null, this.main);
  }
}
