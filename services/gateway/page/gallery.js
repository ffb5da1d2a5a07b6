// Everybody who is enrolled, with every sample.

import {get, post, put, remove, upload} from './api.js';
import {button, confirm, count, dialog, h, note, nothing, prompt} from './dom.js';
import {samplePicture} from './why.js';

export const title = 'Gallery';

const pageSize = 1000;
const peopleShown = 60;
const address = (name) => `/api/v1/recognition/subjects/${encodeURIComponent(name)}`;

/** Everybody, each with all samples. */
async function load() {
  const people = new Map((await get('/api/v1/gallery/subjects')).subjects.map((one) => [one.subject, {...one, samples: []}]));
  for (let page = 0, pages = 1; page < pages; ++page) {
    const faces = await get(`/api/v1/recognition/faces?page=${page}&size=${pageSize}`);
    pages = faces.total_pages;
    for (const face of faces.faces) people.get(face.subject)?.samples.push(face);
  }
  return [...people.values()];
}

/** Does it, tells of it, and shows the gallery as it is then. */
async function act(done, redraw) {
  try {
    note(await done());
  } catch (error) {
    note(error.message, 'bad');
  }
  await redraw();
}

function addPictures(name, files, redraw) {
  return act(async () => {
    const added = await upload(`/api/v1/gallery/faces?subject=${encodeURIComponent(name)}`, files);
    for (const face of added.faces) {
      if (face.message) note(`${face.file}: ${face.message}`, 'bad');
    }
    return `${count(added.added, 'picture')} of ${name} added` +
      (added.already_enrolled > 0 ? `, ${added.already_enrolled} was there already` : '');
  }, redraw);
}

function choosePictures(chosen) {
  const input = h('input', {type: 'file', accept: 'image/*', multiple: true, onchange: () => chosen([...input.files])});
  return input;
}

function sample(face, name, redraw) {
  return h('figure', {class: 'one'},
    samplePicture(face.image_id, name),
    h('figcaption', {}, face.source, h('span', {}, `quality ${face.quality.toFixed(2)} · ${new Date(face.created).toLocaleDateString()}`)),
    button('Remove', 'quiet', async () => {
      if (!await confirm('Remove this picture?', `${name} will not be recognised by it any more.`, 'Remove')) return;
      act(async () => {
        await remove(`/api/v1/recognition/faces/${face.image_id}`);
        return `A picture of ${name} is removed`;
      }, redraw);
    }, {'aria-label': `Remove the picture ${face.source}`}));
}

function rename(person, redraw) {
  return async () => {
    const name = await prompt('Rename', 'New name', person.subject, 'Rename');
    if (!name || name === person.subject) return;
    act(async () => {
      await put(address(person.subject), {subject: name});
      return `${person.subject} is called ${name} now`;
    }, redraw);
  };
}

function merge(person, people, redraw) {
  return async () => {
    const others = people.map((other) => other.subject).filter((name) => name !== person.subject);
    const into = await prompt(`${person.subject} is the same person as…`, 'Name', '', 'Merge', others);
    if (!into) return;
    act(async () => {
      await post('/api/v1/gallery/merge', {from: person.subject, into});
      return `The pictures of ${person.subject} are ${into}’s now`;
    }, redraw);
  };
}

/** Whether the person is told of when a camera sees it. */
function report(person, redraw) {
  return () => act(async () => {
    await put(`/api/v1/gallery/subjects/${encodeURIComponent(person.subject)}`, {ignored: !person.ignored});
    return `${person.subject} is ${person.ignored ? 'reported again' : 'never reported any more'}`;
  }, redraw);
}

function forget(person, redraw) {
  return async () => {
    const sure = await confirm(`Remove ${person.subject}?`,
      `All ${count(person.samples.length, 'picture')} and every result that names this person will be gone. There is no way back.`, 'Remove');
    if (!sure) return;
    act(async () => {
      const gone = await remove(address(person.subject));
      if (gone.run_on_redis) note(`Redis’ files still hold it: run ${gone.run_on_redis} there`, 'bad');
      return `${person.subject} is removed`;
    }, redraw);
  };
}

function card(person, people, redraw) {
  const input = choosePictures((files) => addPictures(person.subject, files, redraw));
  input.id = `add-${person.id}`;
  return h('article', {class: 'card person', 'data-subject': person.subject},
    h('header', {},
      h('h2', {}, person.subject),
      person.ignored ? h('span', {class: 'pill'}, 'never reported') : null,
      h('p', {}, count(person.samples.length, 'picture'))),
    h('div', {class: 'samples'}, person.samples.map((face) => sample(face, person.subject, redraw))),
    h('div', {class: 'actions'},
      h('label', {class: 'file', for: input.id}, 'Add pictures', input),
      button('Rename', 'quiet', rename(person, redraw)),
      button('Merge', 'quiet', merge(person, people, redraw)),
      button(person.ignored ? 'Report again' : 'Never report', 'quiet', report(person, redraw)),
      button('Remove', 'quiet danger', forget(person, redraw))));
}

function addPerson(people, redraw) {
  return dialog('Add a person', (close) => {
    const name = h('input', {required: true, maxlength: 200, autofocus: true, autocomplete: 'off', list: 'prompt-names'});
    const files = h('input', {type: 'file', accept: 'image/*', multiple: true, required: true});
    return [
      h('h2', {}, 'Add a person'),
      h('form', {onsubmit: (event) => {
        event.preventDefault();
        close();
        addPictures(name.value, [...files.files], redraw);
      }},
      h('label', {}, 'Name', name),
      h('label', {}, 'Pictures, each of this one person', files),
      h('div', {class: 'actions'}, button('Cancel', 'quiet', () => close()), h('button', {class: 'primary'}, 'Add'))),
    ];
  });
}

export function show(root) {
  let people = [];
  let most = peopleShown;
  let goes = true;
  const list = h('div', {class: 'cards wide'});
  const summary = h('p', {class: 'summary'});
  const search = h('input', {type: 'search', placeholder: 'Search', 'aria-label': 'Search by name', oninput: () => draw()});
  const more = button('Show more', 'quiet more', () => {
    most += peopleShown;
    draw();
  });

  const draw = () => {
    const wanted = people.filter((person) => person.subject.toLowerCase().includes(search.value.toLowerCase()));
    list.replaceChildren(...wanted.slice(0, most).map((person) => card(person, people, redraw)));
    if (wanted.length === 0) {
      list.append(people.length === 0 ?
        nothing('Nobody is enrolled', 'Add a person here, or name somebody under “Unknown”.') :
        nothing('Nobody of that name', 'Another part of the name may help.'));
    }
    more.hidden = wanted.length <= most;
    summary.textContent = count(people.length, 'person', 'people');
  };
  const redraw = async () => {
    try {
      people = await load();
      if (goes) draw();
    } catch (error) {
      if (goes && error.status !== 401) list.replaceChildren(nothing('The gallery can’t be read', error.message));
    }
  };
  root.append(h('div', {class: 'head'}, h('h1', {}, 'Gallery'), summary, search,
    button('Add a person', 'primary', () => addPerson(people, redraw))), list, more);
  more.hidden = true;
  redraw();
  return () => {
    goes = false;
  };
}
