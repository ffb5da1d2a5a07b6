// Who is seen, as it happens: a card for each track, the latest first.

import {events, pause} from './api.js';
import {h, nothing, since} from './dom.js';
import {explain, sentence} from './why.js';

export const title = 'Live';

const cardsShown = 120;
const longestWait = 5000;
const freshFor = 3000;

/** The latest result of each track, in the order in which tracks were told of last. */
const tracks = new Map();
const watchers = new Set();
let cropsMissing = false;
let listening = false;

/** Listens for ever; a connection that ends is made anew, and gives what was missed. */
export async function listen() {
  if (listening) return;
  listening = true;
  let last = '';
  let wait = 500;
  while (listening) {
    try {
      for await (const event of events('/api/v1/live/events', last)) {
        wait = 500;
        tell('on', 'Listening');
        if (event.event !== 'result') continue;
        last = event.id;
        take(JSON.parse(event.data));
      }
    } catch (error) {
      // The page asks for a key then, and listens again when there is one.
      if (error.status === 401) listening = false;
    }
    tell('off', 'Reconnecting…');
    await pause(wait);
    wait = Math.min(wait * 2, longestWait);
  }
}

function tell(state, text) {
  const link = document.querySelector('#link');
  if (link.textContent === text) return;
  link.className = `link ${state}`;
  link.textContent = text;
}

function take(result) {
  const before = tracks.get(result.track);
  // After a restart of the gateway old results come again, and then without their crops.
  if (before && (before.time > result.time || (!result.crop && before.time === result.time))) return;
  tracks.delete(result.track);
  if (result.ignored) {
    for (const watcher of watchers) watcher(result.track);
    return;
  }
  tracks.set(result.track, {...result, crop: result.crop ?? before?.crop});
  if (tracks.size > cardsShown) tracks.delete(tracks.keys().next().value);
  cropsMissing = !result.crop;
  for (const watcher of watchers) watcher(result.track);
}

export function nameOf(result) {
  if (result.decision === 'known') return result.subject;
  return {unknown: 'Unknown', undecided: 'Not decided yet'}[result.decision] ?? 'Failed';
}

export function face(result) {
  if (result.crop) return h('img', {class: 'face', src: result.crop, alt: '', width: 160, height: 160});
  return h('span', {class: 'face none', 'aria-hidden': 'true'}, nameOf(result).slice(0, 1));
}

/** How near the similarity is to what it takes. */
function bar(result) {
  if (result.similarity === undefined) return null;
  const percent = (value) => `${100 * Math.min(1, Math.max(0, value))}%`;
  const fill = h('span', {class: 'fill'});
  const mark = h('span', {class: 'mark'});
  fill.style.width = percent(result.similarity);
  mark.style.left = percent(result.threshold);
  return h('span', {class: 'bar', 'aria-hidden': 'true'}, fill, mark);
}

function card(result) {
  return h('button', {
    type: 'button', class: `card result ${result.decision}`, 'data-track': result.track,
    onclick: () => explain(tracks.get(result.track) ?? result),
    title: sentence(result),
  },
  face(result),
  h('span', {class: 'who'},
    h('strong', {}, nameOf(result)),
    h('span', {class: 'where'}, result.camera, ' · ', since(result.time)),
    bar(result)));
}

const filters = {all: 'Everybody', known: 'Known', unknown: 'Unknown'};
let filter = 'all';

export function show(root) {
  const list = h('div', {class: 'cards'});
  const summary = h('p', {class: 'summary'});
  const hint = h('p', {class: 'hint', hidden: true}, 'Results come without pictures: set ',
    h('code', {}, 'recognize.publish_crops: true'), ' to see faces, and to name strangers.');
  const wanted = (result) => filter === 'all' || result.decision === filter;

  const draw = () => {
    const shown = [...tracks.values()].filter(wanted).reverse();
    list.replaceChildren(...(shown.length > 0 ? shown.map(card) : [nothing('Nobody yet',
      'Whoever comes into the picture of a camera appears here by itself.')]));
    tellSummary();
  };
  const tellSummary = () => {
    const all = [...tracks.values()];
    const known = new Set(all.filter((result) => result.decision === 'known').map((result) => result.subject));
    const strangers = all.filter((result) => result.decision === 'unknown').length;
    summary.textContent = all.length === 0 ? '' :
      `${known.size} known, ${strangers} ${strangers === 1 ? 'visit' : 'visits'} of strangers`;
    hint.hidden = !cropsMissing;
  };
  const update = (track) => {
    const result = tracks.get(track);
    list.querySelector('.nothing')?.remove();
    list.querySelector(`[data-track="${CSS.escape(track)}"]`)?.remove();
    if (result && wanted(result)) {
      const fresh = card(result);
      // Not what comes at the start, all at once.
      if (Date.now() - Date.parse(result.time) < freshFor) fresh.classList.add('fresh');
      list.prepend(fresh);
    }
    while (list.children.length > cardsShown) list.lastChild.remove();
    tellSummary();
  };

  const choices = h('div', {class: 'choices', role: 'group', 'aria-label': 'Who is shown'},
    Object.entries(filters).map(([name, text]) => h('button', {
      type: 'button', 'aria-pressed': String(name === filter),
      onclick: (event) => {
        filter = name;
        for (const other of choices.children) other.setAttribute('aria-pressed', String(other === event.target));
        draw();
      },
    }, text)));
  root.append(h('div', {class: 'head'}, h('h1', {}, 'Live'), summary, choices), hint, list);
  draw();
  watchers.add(update);
  return () => watchers.delete(update);
}
