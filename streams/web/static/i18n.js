// The page's language: messages with fields and plurals, numbers, and the direction of writing.
import english from './messages/en.js';

/** Languages by code, each under its own name. */
export const LANGUAGES = {en: 'English', ar: 'العربية', fr: 'Français', ru: 'Русский', uk: 'Українська'};
const LOADERS = {
  ar: () => import('./messages/ar.js'),
  fr: () => import('./messages/fr.js'),
  ru: () => import('./messages/ru.js'),
  uk: () => import('./messages/uk.js'),
};
/** The locale for numbers and plurals: Latin digits in Arabic too, as its news sites print them. */
const LOCALES = {en: 'en-GB', ar: 'ar-u-nu-latn', fr: 'fr', ru: 'ru', uk: 'uk'};
const KEPT = 'truceline.language';

export const speech = {lang: 'en', locale: LOCALES.en, messages: english};
/** Messages of parts of the page that are loaded later, in English. */
let added = {};
let plurals = new Intl.PluralRules(LOCALES.en);

/** The language to begin with: the address names one, or the reader chose one before, or the browser asks for one. */
export function preferred(inAddress) {
  const wanted = [inAddress, remembered(), ...navigator.languages.map((name) => name.slice(0, 2))];
  return wanted.find((name) => Object.hasOwn(LANGUAGES, name ?? '')) ?? 'en';
}

/** Load a language and put it in force; English takes the place of messages that it lacks. */
export async function speak(lang) {
  const messages = {...added, ...english, ...(lang === 'en' ? {} : (await LOADERS[lang]()).default)};
  Object.assign(speech, {lang, locale: LOCALES[lang], messages});
  plurals = new Intl.PluralRules(LOCALES[lang]);
  document.documentElement.lang = lang;
  document.documentElement.dir = lang === 'ar' ? 'rtl' : 'ltr';
}

/** Take in the messages of a part that is loaded later. */
export function addMessages(messages) {
  added = {...added, ...messages};
  speech.messages = {...messages, ...speech.messages};
}

export function remember(lang) {
  try {
    localStorage.setItem(KEPT, lang);
  } catch {
    // A browser may keep nothing: the address has the choice then.
  }
}

function remembered() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** The pieces of a message: text, and the fields in their places. */
function pieces(key, fields) {
  const message = speech.messages[key];
  if (message === undefined) throw new Error(`no message ${key}`);
  const text = typeof message === 'string' ? message : message[plurals.select(fields.n)] ?? message.other;
  return text.split(/\{(\w+)\}/).map((piece, at) => {
    if (at % 2 === 0) return piece;
    return piece === 'n' && typeof fields.n === 'number' ? count(fields.n) : fields[piece];
  });
}

/** A message as text; `n` decides its plural. */
export const t = (key, fields = {}) => pieces(key, fields).join('');

/** A message with elements in it, for Preact. */
export const rich = (key, fields = {}) => pieces(key, fields).filter((piece) => piece !== '');

/** Is there a message of this name? */
export const has = (key) => Object.hasOwn(speech.messages, key);

const formats = new Map();

function format(options) {
  const key = speech.locale + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(speech.locale, options));
  return formats.get(key);
}

export const count = (number) => format({}).format(number);
export const share = (part) => format({style: 'percent'}).format(part);

/** A length of time in its greatest unit: `4 years`, `31 days`. */
export function length(ms) {
  const days = ms / 86_400_000;
  const [unit, size] = days >= 730 ? ['year', 365.25] : days >= 60 ? ['month', 30.44] : ['day', 1];
  return format({style: 'unit', unit, unitDisplay: 'long'}).format(Math.floor(days / size));
}
