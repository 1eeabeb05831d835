// A report by hand: a form made from the JSON Schema, its effect before it is sent, and every fault beside its field.
import {h, Component} from '../preact/preact.mjs';
import {hashOf} from '../address.js';
import {t} from '../i18n.js';
import {episodeTitle} from '../names.js';
import {EffectWords, LookAlikes} from './card.js';
import {ClaimForm, NameLists} from './claim-form.js';
import {isOf} from './decisions.js';
import {TextInput} from './inputs.js';
import {TYPES, emptyClaim, filled} from './fields.js';
import {Login} from './login.js';
import {DeskLinks} from './queue.js';
import {fetchSchema, sendReports, tryReports} from './requests.js';

const TRY_MS = 300;
const HEAD = ['episode', 'source', 'published_at', 'relayed_by', 'url', 'headline', 'lang'];
const NEEDED = new Set(['episode', 'source', 'published_at']);
const SUGGESTS = {episode: 'episodes', source: 'sources', relayed_by: 'sources'};

/** An id that no other report has: its source, its time, and some chance. */
const newId = (report) => `${report.source || 'report'}-${(report.published_at ?? '').slice(0, 10)}-${crypto.getRandomValues(new Uint32Array(1))[0].toString(16)}`;

const now = () => `${new Date().toISOString().slice(0, 16)}:00Z`;

export class Entry extends Component {
  /** A repeat after a lost connection has the same id, and counts once. */
  state = {report: {published_at: now(), episode: this.props.episode ?? ''}, claims: [emptyClaim('casualties')], schema: null, effect: null, faults: {}, fault: null, sent: null, id: null};

  componentDidMount() {
    fetchSchema().then((schema) => this.setState({schema}), (error) => this.setState({fault: error.message}));
  }

  componentWillUnmount() {
    clearTimeout(this.due);
    this.trying?.abort();
  }

  set(change) {
    // What may have arrived keeps its id: edited and sent again it is refused, and never counted twice.
    // The effect on the screen is not that of what is sent, until it is tried.
    this.setState({...change, isTried: false, sent: null, id: this.state.sent ? null : this.state.id}, () => {
      clearTimeout(this.due);
      this.due = setTimeout(() => this.try(), TRY_MS);
    });
  }

  content() {
    const {report, claims, id} = this.state;
    return {report_id: id ?? 'preview', ...filled(report), claims: claims.map(filled)};
  }

  async try() {
    const {report} = this.state;
    if (![...NEEDED].every((name) => report[name])) return;
    this.trying?.abort();
    this.trying = new AbortController();
    try {
      const {effects: [effect]} = await tryReports([this.content()], this.trying.signal);
      this.setState({effect, isTried: true, faults: faultsOf(effect.faults ?? []), fault: null});
    } catch (error) {
      if (error.name !== 'AbortError') this.setState({fault: error.message, login: error.status === 401});
    }
  }

  async send(event) {
    event.preventDefault();
    this.setState({id: this.state.id ?? newId(this.state.report), fault: null}, async () => {
      try {
        await sendReports([this.content()]);
        this.setState({sent: this.state.report.episode});
      } catch (error) {
        this.setState({fault: error.message, login: error.status === 401});
      }
    });
  }

  render(_, {report, claims, schema, effect, isTried, faults, fault, sent, login}) {
    if (!schema) return h('p', {class: 'quiet'}, fault ?? t('loading'));
    const change = (at, claim) => this.set({claims: claims.map((one, number) => (number === at ? claim : one))});
    const ready = [...NEEDED].every((name) => report[name]) && isTried && !effect.refusal;
    return [
      h('div', {class: 'title'}, h('h1', null, t('newReport')), h(DeskLinks, {here: 'new'})),
      h('form', {class: 'report-form', onSubmit: (event) => this.send(event)},
        h('fieldset', {class: 'card'}, h('legend', null, t('whoSays')), h('div', {class: 'fields'}, HEAD.map((name) => h(Head, {key: name, name, value: report[name] ?? '', fault: faults[name], set: (value) => this.set({report: {...report, [name]: value}})})))),
        claims.map((claim, at) => h('fieldset', {key: at, class: 'card'}, h('legend', null, t('claimNumber', {number: at + 1})),
          h('p', null, TYPES.map((type) => h('label', {key: type, class: 'kind'}, h('input', {type: 'radio', name: `type-${at}`, checked: claim.type === type, onChange: () => change(at, emptyClaim(type))}), t(`type.${type}`)))),
          h(ClaimForm, {schema, claim, id: `claim-${at}`, faults: faults.claims?.[at] ?? {}, onChange: (next) => change(at, next)}),
          effect && !effect.refusal && h(EffectWords, {taken: true, effect: {words: effect.changes.filter((one) => isOf(one, claim)).map(({words}) => words)}}),
          claims.length > 1 && h('button', {type: 'button', class: 'small', onClick: () => this.set({claims: claims.filter((__, number) => number !== at)})}, t('removeClaim')))),
        h('p', null, h('button', {type: 'button', onClick: () => this.set({claims: [...claims, emptyClaim('casualties')]})}, t('addClaim'))),
        effect?.look_alikes.length > 0 && h(LookAlikes, {found: effect.look_alikes}),
        effect?.refusal && h('p', {class: 'notice', role: 'alert'}, effect.refusal),
        fault && !login && h('p', {class: 'notice', role: 'alert'}, fault),
        sent ? h('p', {class: 'notice sent', role: 'status'}, t('reportSent'), ' ', h('a', {href: hashOf({name: sent})}, episodeTitle(sent)))
          : h('p', {class: 'decide'}, h('button', {class: 'primary', type: 'submit', disabled: !ready}, t('sendReport')))),
      login && h(Login, {again: true, done: () => this.setState({login: false, fault: null}, () => this.try())}),
      h(NameLists, null),
    ];
  }
}

function Head({name, value, set, fault}) {
  const id = `head-${name}`;
  return h('div', {class: `field ${fault ? 'faulty' : ''}`},
    h('label', {for: id}, t(`field.${name}`), NEEDED.has(name) && h('span', {class: 'needed', title: t('needed')}, ' *')),
    h(TextInput, {id, value, set, list: SUGGESTS[name] && `names-${SUGGESTS[name]}`, 'aria-describedby': fault ? `${id}-fault` : undefined, 'aria-invalid': fault ? 'true' : undefined}),
    fault && h('p', {class: 'fault', id: `${id}-fault`}, fault));
}

/** Messages by field, from faults with paths such as `claims[0].count.best`. */
export function faultsOf(faults) {
  const found = {claims: {}};
  for (const {path, reason} of faults) {
    const [, at, field] = /^claims\[(\d+)\]\.(\w+)/.exec(path) ?? [];
    if (field) (found.claims[at] ??= {})[field] = reason;
    else found[path] = reason;
  }
  return found;
}
