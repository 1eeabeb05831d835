// Requests of the desk: drafts, reviews, and reports by hand.
import {ask, post} from '../server.js';

const draftPath = (id) => `drafts/${encodeURIComponent(id)}`;

/** Drafts that wait, the oldest first: those after a document where one is named. */
export const fetchDrafts = (after = null, signal = undefined) => ask('drafts', after ? {after} : {}, signal);
export const fetchDraft = (id, signal) => ask(draftPath(id), {}, signal);
export const sendReview = (id, review) => post(`${draftPath(id)}/review`, review);
/** The reports that a review would send, and what they would change. */
export const tryReview = (id, review, signal) => post(`${draftPath(id)}/review`, review, {dry: ''}, signal);
export const sendReports = (reports) => post('reports', reports);
export const tryReports = (reports, signal) => post('reports', reports, {dry: ''}, signal);

/** What became of drafted claims, by tier and reason. */
export const fetchQuality = (signal) => ask('reviews/quality', {}, signal);

let schema;

/** The JSON Schema of a report, loaded once. */
export function fetchSchema() {
  schema ??= ask('schemas/report.json');
  return schema;
}

export const logIn = (token) => post('login', {token});
export const logOut = () => post('logout', {});
