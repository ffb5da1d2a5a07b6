// Strangers, grouped by person: an inbox that empties as they are named.

import {get, picture, post} from './api.js';
import {button, confirm, count, h, names, note, nothing, since} from './dom.js';

export const title = 'Unknown';

const every = 4000;
const picturesShown = 8;

let groups = [];
let watching = false;
const watchers = new Set();

/** Looks for strangers for as long as the page is open, for the number beside the word. */
export async function watch() {
  if (watching) return;
  watching = true;
  await look();
  setInterval(look, every);
}

async function look() {
  try {
    groups = (await get('/api/v1/unknown')).groups;
  } catch {
    return;  // The link to the gateway is told of elsewhere.
  }
  const badge = document.querySelector('#unknown-count');
  badge.hidden = groups.length === 0;
  badge.textContent = String(groups.length);
  for (const watcher of watchers) watcher();
}

const ids = (group) => group.faces.map((face) => face.id);
const signature = (group) => ids(group).join();

async function act(done) {
  try {
    note(await done());
  } catch (error) {
    note(error.message, 'bad');
  }
  await look();
}

function thumbnail(face) {
  const image = h('img', {class: 'face', alt: '', width: 160, height: 160, title: `${face.camera}, ${new Date(face.time).toLocaleString()}`});
  picture(`/api/v1/unknown/${face.id}/img`).then((source) => {
    image.src = source;
  }, () => {
    image.classList.add('none');
  });
  return image;
}

function card(group) {
  const [latest] = group.faces;
  const cameras = [...new Set(group.faces.map((face) => face.camera))];
  const fit = group.faces.some((face) => !face.refusal);
  const shown = group.faces.length > picturesShown ? picturesShown - 1 : picturesShown;
  const more = group.faces.length - shown;
  const input = h('input', {required: true, maxlength: 200, autocomplete: 'off', list: 'known-names', placeholder: 'Who is it?', 'aria-label': 'Name'});
  const name = (event) => {
    event.preventDefault();
    act(async () => {
      const {subject, added} = await post('/api/v1/unknown/name', {subject: input.value, faces: ids(group)});
      return `${subject} is known from now on, by ${count(added, 'picture')}`;
    });
  };
  const ignore = async () => {
    const sure = await confirm('Never report this person?',
      'The pictures are enrolled under a made-up name, and the person is not told of any more. The gallery shows it, and can take it back.', 'Never report');
    if (sure) {
      act(async () => {
        const {subject} = await post('/api/v1/unknown/ignore', {faces: ids(group)});
        return `Not reported any more; in the gallery as “${subject}”`;
      });
    }
  };
  const dismiss = () => act(async () => {
    await post('/api/v1/unknown/dismiss', {faces: ids(group)});
    return 'Dismissed';
  });
  return h('article', {class: 'card group', 'data-group': signature(group)},
    h('div', {class: 'faces'}, group.faces.slice(0, shown).map(thumbnail),
      more > 0 ? h('span', {class: 'face none'}, `+${more}`) : null),
    h('p', {class: 'where'}, `${count(group.faces.length, 'visit')} · ${cameras.join(', ')} · `, since(latest.time)),
    fit ? null : h('p', {class: 'hint'}, `Can’t be enrolled: ${latest.refusal}.`),
    h('form', {class: 'name', onsubmit: name}, input, h('button', {class: 'primary', disabled: !fit}, 'Name')),
    h('div', {class: 'actions'},
      button('Never report', 'quiet', ignore, {disabled: !fit}),
      button('Dismiss', 'quiet', dismiss)));
}

export function show(root) {
  const summary = h('p', {class: 'summary'});
  const list = h('div', {class: 'cards wide'});
  const known = names('known-names', []);
  root.append(h('div', {class: 'head'}, h('h1', {}, 'Unknown'), summary), list, known);

  // Only what changed is drawn: somebody may be writing a name.
  const draw = () => {
    summary.textContent = groups.length === 0 ? '' : `${count(groups.length, 'person', 'people')} to be named, or left alone`;
    const there = new Map([...list.querySelectorAll('[data-group]')].map((element) => [element.dataset.group, element]));
    const wanted = groups.map((group) => there.get(signature(group)) ?? card(group));
    if (wanted.length === 0) {
      wanted.push(nothing('No strangers', 'People whom nobody has named yet gather here, each once. They are kept in memory for a day.'));
    }
    const focused = document.activeElement;
    const typed = focused?.closest?.('[data-group]') && focused.value;
    list.replaceChildren(...wanted);
    if (typed && focused.isConnected) focused.focus();
  };
  get('/api/v1/recognition/subjects').then(({subjects}) => known.replaceChildren(...names('', subjects).children), () => {});
  draw();
  look();
  watchers.add(draw);
  return () => watchers.delete(draw);
}
