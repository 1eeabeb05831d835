// A claim in one line.
import {told} from '../format.js';
import {count, t} from '../i18n.js';
import {partyName} from '../names.js';
import {kindOf, statementWords, term} from '../words.js';

/** `Azerbaijan killed, military: 71, total`. */
export function claimWords(claim) {
  if (claim.type === 'statement') return statementWords(claim);
  if (claim.type === 'ceasefire') {
    const facts = [claim.by && partyName(claim.by), claim.effective_at && t('fromTime', {time: told(claim.effective_at)}), claim.expires_at && t('until', {time: told(claim.expires_at)})];
    return [`${t('ceasefire')}: ${term('act', claim.act)}`, ...facts.filter(Boolean)].join(t('comma'));
  }
  const {best, low, high} = claim.count ?? {};
  const span = low != null && high != null ? ` (${count(low)}–${count(high)})` : '';
  const how = claim.qualifier && claim.qualifier !== 'exact' ? `${term('qualifier', claim.qualifier)} ` : '';
  const basis = term('basis', claim.basis ?? 'cumulative');
  return `${partyName(claim.party ?? '?')} ${kindOf({population: 'unknown', ...claim})}: ${how}${best == null ? '?' : count(best)}${span}${t('comma')}${basis}`;
}
