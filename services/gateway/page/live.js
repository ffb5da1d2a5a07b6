// Live results: one card per track, latest first.

import {events, pause} from './api.js';
import {count, emptyState, h, timeAgo} from './dom.js';
import {explain, sentence} from './why.js';

export const title = 'Live';

const maxCards = 120;
const maxRetryDelay = 5000;
const newFor = 3000;  // milliseconds for which a result counts as new

/** Latest result of each track, least recently updated track first. */
const tracks = new Map();
/**
 * Functions to call with the id of a track when its result has been stored, or has been removed because the person is
 * ignored.
 */
const watchers = new Set();
let cropsMissing = false;  // whether the latest result had no crop
let listening = false;  // whether listen() is running

/**
 * Receives results while the page is open. After an interruption, reconnects and continues with the next result.
 * Returns if the API key is rejected. Returns immediately if another call is running.
 */
export async function listen() {
  if (listening) return;
  listening = true;
  let last = '';
  let delay = 500;
  while (true) {
    try {
      for await (const event of events('/api/v1/live/events', last)) {
        delay = 500;
        setConnection('on', 'Connected');
        if (event.event !== 'result') continue;
        last = event.id;
        add(JSON.parse(event.data));
      }
    } catch (error) {
      if (error.status === 401) break;  // The sign-in dialog calls listen() again.
    }
    setConnection('off', 'Reconnecting…');
    await pause(delay);
    delay = Math.min(delay * 2, maxRetryDelay);
  }
  listening = false;
  setConnection('off', 'Not signed in');
}

/** Shows the state of the connection in the header. */
function setConnection(state, text) {
  const connection = document.querySelector('#connection');
  if (connection.textContent === text) return;
  connection.className = `connection ${state}`;
  connection.textContent = text;
}

/** Stores a result and calls the watchers. A result with `ignored` removes its track instead. */
function add(result) {
  const before = tracks.get(result.track);
  // Skip outdated and repeated results: a restarted gateway sends old results again, without crops.
  const repeated = before?.time === result.time && !result.crop && !result.ignored;
  if (before?.time > result.time || repeated) return;
  tracks.delete(result.track);
  if (result.ignored) {
    for (const watcher of watchers) watcher(result.track);
    return;
  }
  tracks.set(result.track, {...result, crop: result.crop ?? before?.crop});
  if (tracks.size > maxCards) tracks.delete(tracks.keys().next().value);
  cropsMissing = !result.crop;
  for (const watcher of watchers) watcher(result.track);
}

/** Returns the person's name if the decision is `known`, both names if it is ambiguous, otherwise the decision. */
export function nameOf(result) {
  if (result.decision === 'known') return result.subject;
  if (result.best && result.runner_up) return `${result.best.subject} or ${result.runner_up.subject}`;
  return {unknown: 'Unknown', undecided: 'Undecided'}[result.decision] ?? 'Error';
}

/** Creates the image of a result's face. Shows the first letter of nameOf() if the result has no crop. */
export function faceImage(result) {
  if (result.crop) return h('img', {class: 'face', src: result.crop, alt: '', width: 160, height: 160});
  return h('span', {class: 'face none', 'aria-hidden': 'true'}, nameOf(result).slice(0, 1));
}

/** Creates a bar whose length is the similarity, with a mark at the threshold. */
function similarityBar(result) {
  if (result.similarity === undefined) return null;
  const percent = (value) => `${100 * Math.min(1, Math.max(0, value))}%`;
  const fill = h('span', {class: 'fill'});
  const mark = h('span', {class: 'mark'});
  fill.style.width = percent(result.similarity);
  mark.style.left = percent(result.threshold);
  return h('span', {class: 'bar', 'aria-hidden': 'true'}, fill, mark);
}

/** Creates the card of a result. A click opens the explanation of the track's latest result. */
function card(result) {
  return h('button', {
    type: 'button', class: `card result ${result.decision}`, 'data-track': result.track,
    onclick: () => explain(tracks.get(result.track) ?? result),
    title: sentence(result),
  },
  faceImage(result),
  h('span', {class: 'text'},
    h('strong', {}, nameOf(result)),
    h('span', {class: 'details'}, result.camera, ' · ', timeAgo(result.time)),
    similarityBar(result)));
}

/** Text of each filter. */
const filters = {all: 'All', known: 'Known', unknown: 'Unknown'};
let filter = 'all';

export function show(root) {
  const list = h('div', {class: 'cards'});
  const summary = h('p', {class: 'summary'});
  const hint = h('p', {class: 'hint', hidden: true},
    'The latest result contains no image. If no result contains one, set ',
    h('code', {}, 'recognize.publish_crops: true'), ' for the workers, to show faces and to enrol unknown people.');
  const matches = (result) => filter === 'all' || result.decision === filter;

  const draw = () => {
    const shown = [...tracks.values()].filter(matches).reverse();
    const cards = shown.map(card);
    if (tracks.size === 0) {
      cards.push(emptyState('No results yet', 'People appear here as soon as a camera sees them.'));
    } else if (shown.length === 0) {
      cards.push(emptyState('No matching results', 'Select “All” to show every result.'));
    }
    list.replaceChildren(...cards);
    updateSummary();
  };
  const updateSummary = () => {
    const all = [...tracks.values()];
    const known = new Set(all.filter((result) => result.decision === 'known').map((result) => result.subject)).size;
    const unknown = all.filter((result) => result.decision === 'unknown').length;
    summary.textContent = all.length === 0 ? '' :
      `${count(known, 'known person', 'known people')} · ${count(unknown, 'appearance')} of unknown people`;
    hint.hidden = !cropsMissing;
  };
  const update = (track) => {
    const result = tracks.get(track);
    list.querySelector(`[data-track="${CSS.escape(track)}"]`)?.remove();
    if (result && matches(result)) {
      list.querySelector('.empty')?.remove();
      const added = card(result);
      // Animate only new results, not the stored ones that arrive together when the page opens.
      if (Date.now() - Date.parse(result.time) < newFor) added.classList.add('new');
      list.prepend(added);
    }
    while (list.children.length > maxCards) list.lastChild.remove();
    if (list.querySelector('.result')) updateSummary();
    else draw();  // shows a message instead of an empty list
  };

  const filterButtons = h('div', {class: 'choices', role: 'group', 'aria-label': 'Filter results'},
    Object.entries(filters).map(([name, text]) => h('button', {
      type: 'button', 'aria-pressed': String(name === filter),
      onclick: (event) => {
        filter = name;
        for (const other of filterButtons.children) other.setAttribute('aria-pressed', String(other === event.target));
        draw();
      },
    }, text)));
  root.append(h('div', {class: 'head'}, h('h1', {}, title), summary, filterButtons), hint, list);
  draw();
  watchers.add(update);
  return () => watchers.delete(update);
}
