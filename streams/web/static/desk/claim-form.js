// The form of one claim, made from the JSON Schema: choices where there are choices.
import {h} from '../preact/preact.mjs';
import {NumberInput, TextInput} from './inputs.js';
import {t} from '../i18n.js';
import {slugsOf} from '../names.js';
import {term} from '../words.js';
import {fieldsOf} from './fields.js';

/** Which names a slug field suggests. */
const SUGGESTS = {party: 'parties', by: 'parties', against: 'parties', mediators: 'parties', parties: 'parties', place: 'places'};

/**
 * The fields of `claim`; `onChange` gets the claim with a field changed. `numbers` are those of the text: another one
 * is marked as put in by hand. `faults` has a message by field.
 */
export function ClaimForm({schema, claim, onChange, numbers = null, faults = {}, id}) {
  const fields = fieldsOf(schema, claim.type);
  const set = (name, value) => onChange({...claim, [name]: value});
  const field = (one) => h(Field, {key: one.name, one, value: claim[one.name], set: (value) => set(one.name, value), numbers, fault: faults[one.name], id: `${id}-${one.name}`});
  const more = fields.filter((one) => !one.common);
  return h('div', {class: 'claim-form'},
    h('div', {class: 'fields'}, fields.filter((one) => one.common).map(field)),
    more.length > 0 && h('details', {open: more.some((one) => claim[one.name] != null || faults[one.name])},
      h('summary', null, t('moreFields')), h('div', {class: 'fields'}, more.map(field))));
}

function Field({one, value, set, numbers, fault, id}) {
  const label = t(`field.${one.name}`);
  const describedby = fault ? `${id}-fault` : undefined;
  return h('div', {class: `field field-${one.kind} ${fault ? 'faulty' : ''}`},
    one.kind === 'count' ? h(Count, {value: value ?? {}, set, numbers, label, id, describedby})
      : [h('label', {for: id, key: 'l'}, label, one.required && h('span', {class: 'needed', title: t('needed')}, ' *')), h(Input, {key: 'i', one, value, set, id, describedby})],
    fault && h('p', {class: 'fault', id: `${id}-fault`}, fault));
}

function Input({one, value, set, id, describedby}) {
  const common = {id, 'aria-describedby': describedby, 'aria-invalid': describedby ? 'true' : undefined};
  if (one.kind === 'choice') {
    return h('select', {...common, value: value ?? '', onChange: (event) => set(event.target.value || null)},
      h('option', {value: ''}, '–'), one.choices.map((word) => h('option', {key: word, value: word}, term(one.name, word))));
  }
  if (one.kind === 'flag') return h('input', {...common, type: 'checkbox', checked: value === true, onChange: (event) => set(event.target.checked || null)});
  const names = one.kind === 'names';
  return h(TextInput, {
    ...common, list: SUGGESTS[one.name] && `names-${SUGGESTS[one.name]}`, value: names ? (value ?? []).join(', ') : value ?? '',
    placeholder: one.kind === 'time' ? '2022-09-14T16:00:00Z' : names ? t('separatedByCommas') : '',
    set: (text) => set(names ? text.split(',').map((part) => part.trim()).filter(Boolean) : text),
  });
}

function Count({value, set, numbers, label, id, describedby}) {
  const byHand = (number) => numbers && Number.isFinite(number) && !numbers.has(number);
  return h('fieldset', {class: 'count'}, h('legend', null, label),
    ['best', 'low', 'high'].map((part) => h('label', {key: part, class: 'small'}, t(`field.${part}`),
      h(NumberInput, {id: part === 'best' ? id : undefined, 'aria-describedby': describedby, value: value[part] ?? '', set: (number) => set({...value, [part]: number})}),
      byHand(value[part]) && h('span', {class: 'tag doubt'}, t('byHand')))));
}

/** The lists of names that inputs suggest: once a page. */
export const NameLists = () => ['parties', 'places', 'sources', 'episodes'].map((table) =>
  h('datalist', {key: table, id: `names-${table}`}, slugsOf(table).map(([slug, name]) => h('option', {key: slug, value: slug}, name))));
