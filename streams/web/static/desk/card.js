// The card of one claim: in or out, its words, why it has its tier, and what it would change.
import {h} from '../preact/preact.mjs';
import {listed} from '../format.js';
import {t} from '../i18n.js';
import {sourceName} from '../names.js';
import {Said, Source, Time} from '../parts.js';
import {term} from '../words.js';
import {ClaimForm} from './claim-form.js';
import {TextInput} from './inputs.js';
import {claimWords} from './claim-words.js';

export function Card({at, one, schema, numbers, current, editing, decision, disabled, claim, source, effect, change, choose, edit}) {
  const {taken, edited, byHand = []} = decision;
  const id = `card-${at}`;
  return h('article', {id, class: ['claim-card', current && 'current', !taken && 'out'].filter(Boolean).join(' '), tabIndex: -1, 'aria-current': current ? 'true' : undefined, onClick: choose},
    h('label', {class: 'take'}, h('input', {type: 'checkbox', checked: taken, disabled, onClick: (event) => event.stopPropagation(), onChange: (event) => change({taken: event.target.checked})}),
      h('b', null, h('bdi', null, claimWords(claim)))),
    h('p', {class: 'who'}, t('says', {name: sourceName(source)}), ' ', h('span', {class: `tier tier-${one.tier}`}, t(`tier.${one.tier}`)), edited && h('span', {class: 'tag'}, t('edited')), byHand.length > 0 && h('span', {class: 'tag doubt'}, t('byHand')),
      h('span', {class: 'reasons'}, one.reasons.map((reason) => term('reason', reason)).join(t('comma')))),
    claim.quote && h('blockquote', {class: 'small'}, h(Said, {text: claim.quote})),
    h(EffectWords, {taken, effect}),
    !disabled && !editing && h('button', {class: 'small', onClick: (event) => { event.stopPropagation(); edit(true); }}, t('edit')),
    editing && h('div', {class: 'editing'},
      h('div', {class: 'field'}, h('label', {for: `source-${at}`}, t('source')), h(TextInput, {id: `source-${at}`, list: 'names-sources', value: source, set: (name) => change({source: name || null})})),
      h(ClaimForm, {schema, claim, numbers, id: `${id}-field`, onChange: (next) => change({edited: next, taken: true})}),
      h('p', null, h('button', {class: 'small', onClick: () => edit(false)}, t('done')), ' ', edited && h('button', {class: 'small', onClick: () => change({edited: null, source: null})}, t('asDrafted')))));
}

/** What confirming would change: the words of the dry run, or that nothing changes. */
export function EffectWords({taken, effect}) {
  if (!taken || !effect) return null;
  if (effect.refusal) return h('p', {class: 'effect refused'}, effect.refusal);
  if (effect.words.length === 0) return h('p', {class: 'effect quiet'}, t('changesNothing'));
  return [
    effect.words.map((words) => h('p', {key: words, class: 'effect'}, h('bdi', null, words))),
    effect.together?.length > 0 && h('p', {class: 'quiet small'}, t('togetherWith', {claims: listed(effect.together.map((at) => at + 1))})),
    effect.alike?.length > 0 && h(LookAlikes, {found: effect.alike}),
  ];
}

/** Reports that may be the same: a warning, and no obstacle. */
export const LookAlikes = ({found}) => h('div', {class: 'notice', role: 'status'}, h('p', null, t('lookAlikes')),
  h('ul', null, found.map((one) => h('li', {key: one.report_id}, h('bdi', null, sourceName(one.source)), t('comma'), h(Time, {at: one.published_at}), t('comma'), h(Source, {url: one.url}, h(Said, {text: one.headline || one.report_id}))))));
