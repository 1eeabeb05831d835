// One document: its text, a card for each claim, and the decision. Keyboard first.
import {h, Component} from '../preact/preact.mjs';
import {deskHash} from '../address.js';
import {told} from '../format.js';
import {t} from '../i18n.js';
import {sourceName} from '../names.js';
import {Said, Source, Time} from '../parts.js';
import {Refused} from '../server.js';
import {Card} from './card.js';
import {NameLists} from './claim-form.js';
import {claimOf, decide, effectOf, first, numbersOf, recorded, reviewOf, sourceOf} from './decisions.js';
import {DocumentText} from './document-text.js';
import {filled} from './fields.js';
import {TextInput} from './inputs.js';
import {Login} from './login.js';
import {DeskLinks} from './queue.js';
import {fetchDraft, fetchDrafts, fetchSchema, sendReview, tryReview} from './requests.js';

const TRY_MS = 150;
const AGAIN_MS = 2000;
const KEYS = ['next', 'previous', 'in', 'out', 'edit', 'source', 'undo', 'confirm', 'reject', 'skip', 'help'];
const COMMANDS = {
  j: 'next', n: 'next', ArrowDown: 'next', k: 'previous', p: 'previous', ArrowUp: 'previous', i: 'in', o: 'out', ' ': 'toggle', e: 'edit', s: 'source',
  u: 'undo', c: 'confirm', Enter: 'confirm', r: 'reject', x: 'skip', '?': 'help', Escape: 'escape',
};

export class Review extends Component {
  state = {draft: null, error: null, decisions: [], past: [], current: 0, editing: null, step: null, episode: '', tried: null, fault: null, login: false, sending: null, settled: null, help: false};

  constructor() {
    super();
    this.press = (event) => this.pressed(event);
  }

  componentDidMount() {
    this.aborts = new AbortController();
    document.addEventListener('keydown', this.press);
    Promise.all([fetchDraft(this.props.id, this.aborts.signal), fetchSchema()]).then(([draft, schema]) => {
      this.setState({draft, schema, numbers: numbersOf(draft), episode: draft.episode ?? '', ...this.standing(draft)}, () => this.tryLater());
    }, (error) => error.name !== 'AbortError' && this.setState({error}));
  }

  /** The decisions to show: those of the review that there is, else those to begin with. */
  standing(draft) {
    const settled = draft.reviews.find(({version}) => version === draft.document.version) ?? null;
    return {settled, decisions: settled ? recorded(draft, settled) : first(draft), past: [], ...(settled?.episode && {episode: settled.episode})};
  }

  componentWillUnmount() {
    this.gone = true;
    document.removeEventListener('keydown', this.press);
    this.aborts.abort();
    this.trying?.abort();
    clearTimeout(this.due);
  }

  // Decisions

  /** Change a decision; what is typed while a card is open is one step for undo. */
  change(at, change) {
    const step = this.state.editing === at && !('taken' in change && change.edited === undefined) ? at : null;
    this.setState(({decisions, past, step: before}) => ({
      decisions: decide(decisions, at, change), step, past: step !== null && step === before ? past : [...past, decisions],
    }), () => this.tryLater());
  }

  undo() {
    this.setState(({past, decisions}) => ({decisions: past.at(-1) ?? decisions, past: past.slice(0, -1), step: null}), () => this.tryLater());
  }

  body(decision) {
    const {draft, decisions, episode} = this.state;
    const edited = decisions.map((one) => ({...one, edited: one.edited && filled(one.edited)}));
    return reviewOf(draft, {decisions: edited, decision, episode: episode || null});
  }

  /** Ask for the effect soon: a dry run of what is decided now. */
  tryLater() {
    clearTimeout(this.due);
    this.due = setTimeout(() => this.try(), TRY_MS);
  }

  async try() {
    const {draft, settled, decisions} = this.state;
    if (settled || !decisions.some(({taken}) => taken)) return this.setState({tried: null, fault: null});
    this.trying?.abort();
    this.trying = new AbortController();
    try {
      const tried = await tryReview(draft.document.id, this.body('confirmed'), this.trying.signal);
      this.setState({tried, fault: null});
    } catch (error) {
      if (error.name !== 'AbortError') this.setState({tried: null, fault: error.message, login: error.status === 401});
    }
  }

  /** Send the decision; without an answer again, the same: a repeat counts once. */
  async decide(decision) {
    const {draft, sending, settled, decisions, tried} = this.state;
    if (sending || settled) return;
    // A confirmation takes something, and its effect is on the screen.
    if (decision === 'confirmed' && !(tried && decisions.some(({taken}) => taken))) return;
    const body = this.body(decision);
    this.setState({sending: decision, fault: null});
    for (;;) {
      try {
        await sendReview(draft.document.id, body);
        return this.decided(decision);
      } catch (error) {
        if (this.gone) return;
        if (error instanceof Refused && error.status !== 0 && error.status !== 503) return this.refused(error);
        this.setState({fault: t('sendingAgain', {reason: error.message})});
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        if (this.gone) return;
      }
    }
  }

  async decided(decision) {
    this.props.tell(t(`decided.${decision}`, {title: this.state.draft.document.title || this.props.id}));
    await this.skip();
  }

  /** Open the next document that nobody else has open: first those behind this one, then the oldest. */
  async skip() {
    const nothing = () => ({drafts: []});
    const later = await fetchDrafts(this.props.id).catch(nothing);
    const all = [...later.drafts, ...(await fetchDrafts().catch(nothing)).drafts].filter(({id}) => id !== this.props.id);
    const next = all.find(({open_by: others}) => others.length === 0) ?? all[0];
    if (!this.gone) location.hash = next ? deskHash('review', next.id) : deskHash('review');
  }

  /** The server refused: another person was first, or something is wrong with the reports. */
  async refused(error) {
    const draft = error.code === 'reviewed' ? await fetchDraft(this.props.id).catch(() => null) : null;
    const other = draft ? this.standing({...this.state.draft, reviews: draft.reviews}) : {};
    this.setState({sending: null, fault: error.message, login: error.status === 401, ...(other.settled && {...other, editing: null})});
  }

  // Keys

  pressed(event) {
    const {draft, editing, help} = this.state;
    const command = COMMANDS[event.key];
    // A key that is held down decides nothing about the next document.
    if (event.repeat && ['confirm', 'reject'].includes(command)) return;
    if (!draft || !command || event.ctrlKey || event.metaKey || event.altKey) return;
    if (command === 'escape') return this.setState({editing: null, help: false});
    if (event.target.closest('input:not([type=checkbox]), select, textarea, summary')) return;
    if (['Enter', ' '].includes(event.key) && event.target.closest('a, button, input')) return;
    event.preventDefault();
    if (help && command !== 'help') this.setState({help: false});
    if (editing === null || !['edit', 'source'].includes(command)) this.run(command);
  }

  run(command) {
    const {current, draft, decisions} = this.state;
    const last = draft.claims.length - 1;
    if (command === 'next') this.choose(Math.min(current + 1, last));
    else if (command === 'previous') this.choose(Math.max(current - 1, 0));
    else if (command === 'undo') this.undo();
    else if (command === 'confirm') this.decide('confirmed');
    else if (command === 'reject') this.decide('rejected');
    else if (command === 'skip') this.skip();
    else if (command === 'help') this.setState(({help}) => ({help: !help}));
    else if (last < 0) return;
    else if (command === 'in' || command === 'out') this.change(current, {taken: command === 'in'});
    else if (command === 'toggle') this.change(current, {taken: !decisions[current].taken});
    else this.setState({editing: current}, () => document.getElementById(command === 'source' ? `source-${current}` : `card-${current}`)?.focus());
  }

  choose(current) {
    if (current < 0) return;
    this.setState({current}, () => {
      document.getElementById(`card-${current}`)?.scrollIntoView({block: 'nearest'});
      document.querySelector('.document .current')?.scrollIntoView({block: 'nearest'});
    });
  }

  render({id}, {draft, schema, error, decisions, past, current, editing, episode, tried, fault, login, sending, settled, help, numbers}) {
    if (error) return [h('div', {class: 'title'}, h('h1', null, t('review')), h(DeskLinks, {here: 'review'})), h('p', {class: 'notice', role: 'alert'}, t('draftFailed', {id, reason: error.message}))];
    if (!draft) return h('p', {class: 'quiet'}, t('loading'));
    const taken = decisions.filter((one) => one.taken).length;
    const {document: read} = draft;
    return [
      h('p', {class: 'back', key: 'back'}, h('a', {href: deskHash('review')}, `← ${t('allWaiting')}`)),
      h('div', {class: 'title', key: 'title'}, h('h1', null, h(Said, {text: read.title || read.id, lang: read.lang})), h('button', {onClick: () => this.run('help'), 'aria-expanded': String(help)}, t('keys'))),
      h('p', {class: 'quiet', key: 'from'}, h('bdi', null, sourceName(read.outlet)), t('comma'), h(Time, {at: read.published_at}), read.url && [t('comma'), h(Source, {url: read.url}, t('original'))], read.version > 1 && [t('comma'), t('versionOf', {number: read.version})]),
      help && h(Keys, {key: 'keys'}),
      settled && h('p', {class: 'notice', role: 'status', key: 'settled'}, t(`settled.${settled.decision}`, {by: settled.by, time: told(settled.at)})),
      login && !settled && h(Login, {key: 'login', again: true, done: () => this.setState({login: false, fault: null}, () => this.try())}),
      fault && !settled && !login && h('p', {class: 'notice', role: 'alert', key: 'fault'}, fault),
      h('div', {class: 'desk', key: 'desk'},
        h(DocumentText, {draft, current, choose: (at) => this.choose(at)}),
        h('section', {class: 'cards', 'aria-label': t('claims')},
          h('label', {class: 'episode-field'}, t('queue.episode'), h(TextInput, {list: 'names-episodes', value: episode, disabled: Boolean(settled), set: (name) => this.setState({episode: name}, () => this.tryLater())})),
          draft.claims.length === 0 && h('p', {class: 'quiet'}, t('noClaimDrafted')),
          draft.claims.map((one, at) => h(Card, {
            key: at, at, one, schema, numbers, current: at === current, editing: at === editing, decision: decisions[at], disabled: Boolean(settled),
            claim: claimOf(draft, decisions, at), source: sourceOf(draft, decisions, at), effect: decisions[at].taken && tried ? effectOf(tried, draft, decisions, at) : null,
            change: (change) => this.change(at, change), choose: () => this.choose(at), edit: (on) => this.setState({editing: on ? at : null, current: at, step: null}),
          })),
          !settled && h('div', {class: 'decide'},
            h('button', {class: 'primary', disabled: Boolean(sending) || taken === 0 || !tried, onClick: () => this.decide('confirmed')}, sending === 'confirmed' ? t('sending') : t('confirmClaims', {n: taken})),
            h('button', {disabled: Boolean(sending), onClick: () => this.decide('rejected')}, t('rejectDocument')),
            h('button', {disabled: past.length === 0, onClick: () => this.undo()}, t('undo')),
            h('button', {onClick: () => this.skip()}, t('skipDocument')),
            h('span', {class: 'quiet small'}, t('leftOutNumbers', {n: draft.left_out.length}))))),
      h(NameLists, {key: 'names'}),
    ];
  }
}

const Keys = () => h('dl', {class: 'keys card'}, KEYS.map((name) => h('div', {key: name}, h('dt', null, t(`keys.${name}`)), h('dd', null, t(`does.${name}`)))));
