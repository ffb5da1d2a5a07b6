// Unknown people: one card per person, until the user enrols, ignores or dismisses that person.

import {get, imageUrl, post} from './api.js';
import {button, confirm, count, emptyState, h, nameList, notify, timeAgo, withoutRemedy} from './dom.js';

export const title = 'Unknown people';

const refreshInterval = 4000;  // milliseconds
const maxImages = 8;  // per card

let groups = [];  // latest response of the gateway: faces, grouped by person
let watching = false;
const watchers = new Set();  // functions to call after each successful refresh

/** Polls for unknown people while the page is open, because the navigation shows their number in every view. */
export async function watch() {
  if (watching) return;
  watching = true;
  await refresh();
  setInterval(refresh, refreshInterval);
}

async function refresh() {
  try {
    groups = (await get('/api/v1/unknown')).groups;
  } catch {
    return;  // Report nothing: the header shows whether the page is connected to the gateway.
  }
  const badge = document.querySelector('#unknown-count');
  badge.hidden = groups.length === 0;
  badge.textContent = String(groups.length);
  for (const watcher of watchers) watcher();
}

const faceIds = (group) => group.faces.map((face) => face.id);
const groupId = (group) => faceIds(group).join();

/**
 * Posts a request that enrols faces. If one of them looks like another person, asks whether to enrol them all the same.
 * Throws the error if the user declines.
 */
async function postFaces(path, json) {
  try {
    return await post(path, json);
  } catch (error) {
    if (error.status !== 409) throw error;
    if (!await confirm('Enrol this person?', withoutRemedy(error.message), 'Enrol all the same')) throw error;
    return post(path, {...json, allow_duplicate: true});
  }
}

/** Runs an action, shows the message that it returns or its error, and refreshes the list. */
async function act(action) {
  try {
    notify(await action());
  } catch (error) {
    notify(error.message, 'bad');
  }
  await refresh();
}

function thumbnail(face) {
  const image = h('img', {
    class: 'face', alt: '', width: 160, height: 160, title: `${face.camera}, ${new Date(face.time).toLocaleString()}`,
  });
  imageUrl(`/api/v1/unknown/${face.id}/img`).then((source) => {
    image.src = source;
  }, () => {
    image.classList.add('none');
  });
  return image;
}

function card(group) {
  const [latest] = group.faces;
  const cameras = [...new Set(group.faces.map((face) => face.camera))];
  const enrollable = group.faces.some((face) => !face.refusal);
  const shown = group.faces.length > maxImages ? maxImages - 1 : maxImages;
  const more = group.faces.length - shown;
  const input = h('input', {
    required: true, maxlength: 200, autocomplete: 'off', list: 'known-names', placeholder: 'Name', 'aria-label': 'Name',
  });
  const enrol = (event) => {
    event.preventDefault();
    act(async () => {
      const {subject, added} = await postFaces('/api/v1/unknown/name', {subject: input.value, faces: faceIds(group)});
      return `${subject} enrolled with ${count(added, 'photo')}`;
    });
  };
  const ignore = async () => {
    const confirmed = await confirm('Ignore this person?',
      'This enrols the person under a generated name, and facebus never reports them. ' +
      'You can undo this in the gallery.',
      'Ignore');
    if (confirmed) {
      act(async () => {
        const {subject} = await postFaces('/api/v1/unknown/ignore', {faces: faceIds(group)});
        return `Person ignored; listed in the gallery as “${subject}”`;
      });
    }
  };
  const dismiss = () => act(async () => {
    await post('/api/v1/unknown/dismiss', {faces: faceIds(group)});
    return 'Person dismissed';
  });
  return h('article', {class: 'card group', 'data-group': groupId(group)},
    h('div', {class: 'faces'}, group.faces.slice(0, shown).map(thumbnail),
      more > 0 ? h('span', {class: 'face none'}, `+${more}`) : null),
    h('p', {class: 'details'},
      `${count(group.faces.length, 'appearance')} · ${cameras.join(', ')} · `, timeAgo(latest.time)),
    enrollable ? null : h('p', {class: 'hint'}, `Cannot be enrolled: ${latest.refusal}.`),
    h('form', {class: 'name', onsubmit: enrol}, input, h('button', {class: 'primary', disabled: !enrollable}, 'Enrol')),
    h('div', {class: 'actions'},
      button('Ignore', 'quiet', ignore, {disabled: !enrollable}),
      button('Dismiss', 'quiet', dismiss)));
}

export function show(root) {
  const summary = h('p', {class: 'summary'});
  const list = h('div', {class: 'cards wide'});
  const known = nameList('known-names', []);
  root.append(h('div', {class: 'head'}, h('h1', {}, title), summary), list, known);

  // Reuse the cards of unchanged groups: the user may be typing a name into one of them.
  const draw = () => {
    summary.textContent = groups.length === 0 ? '' : count(groups.length, 'person', 'people');
    const existing = new Map(
      [...list.querySelectorAll('[data-group]')].map((element) => [element.dataset.group, element]));
    const cards = groups.map((group) => existing.get(groupId(group)) ?? card(group));
    if (cards.length === 0) {
      cards.push(emptyState('No unknown people',
        'People who are not in the gallery appear here, one card per person.'));
    }
    // Moving a card removes the focus from an element in it, so restore the focus.
    const focused = document.activeElement;
    const inCard = focused?.closest('[data-group]');
    list.replaceChildren(...cards);
    if (inCard && focused.isConnected) focused.focus({preventScroll: true});
  };
  get('/api/v1/recognition/subjects').then(
    ({subjects}) => known.replaceChildren(...nameList('', subjects).children), () => {});
  draw();
  refresh();
  watchers.add(draw);
  return () => watchers.delete(draw);
}
