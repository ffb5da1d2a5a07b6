// Gallery: all enrolled people with their photos.

import {get, post, put, remove, upload} from './api.js';
import {button, confirm, count, dialog, emptyState, h, notify, prompt, withoutRemedy} from './dom.js';
import {sampleImage} from './why.js';

export const title = 'Gallery';

const pageSize = 1000;  // samples per request
const peoplePerPage = 60;
const subjectPath = (name) => `/api/v1/recognition/subjects/${encodeURIComponent(name)}`;

/** Loads all people with their samples. */
async function load() {
  const people = new Map(
    (await get('/api/v1/gallery/subjects')).subjects.map((person) => [person.subject, {...person, samples: []}]));
  for (let page = 0, pages = 1; page < pages; ++page) {
    const faces = await get(`/api/v1/recognition/faces?page=${page}&size=${pageSize}`);
    pages = faces.total_pages;
    for (const face of faces.faces) people.get(face.subject)?.samples.push(face);
  }
  return [...people.values()];
}

/** Runs an action, shows the message that it returns or its error, and reloads the gallery. */
async function act(action, reload) {
  try {
    notify(await action());
  } catch (error) {
    notify(error.message, 'bad');
  }
  await reload();
}

/**
 * Enrols photos of a person. Shows a message for each photo that was rejected. If a photo looks like another person,
 * asks whether to enrol it all the same.
 */
function addPhotos(name, files, reload) {
  const path = `/api/v1/gallery/faces?subject=${encodeURIComponent(name)}`;
  return act(async () => {
    const response = await upload(path, files);
    const isDuplicate = (face) => face.code === 409;
    for (const face of response.faces) {
      if (face.message && !isDuplicate(face)) notify(`${face.file}: ${face.message}`, 'bad');
      if (face.warning) notify(`${face.file} is enrolled, but ${face.warning}`, 'bad');
    }
    let {added, already_enrolled: already} = response;
    const duplicates = response.faces.filter(isDuplicate);
    const confirmed = duplicates.length > 0 && await confirm(`Enrol as ${name}?`,
      duplicates.map((face) => `${face.file}: ${withoutRemedy(face.message)}`).join(' '), 'Enrol all the same');
    if (confirmed) {
      // The response lists the faces in the order of the files.
      const chosen = files.filter((_, i) => isDuplicate(response.faces[i]));
      const again = await upload(`${path}&allow_duplicate=true`, chosen);
      added += again.added;
      already += again.already_enrolled;
    }
    return `${count(added, 'photo')} of ${name} added` + (already > 0 ? `, ${already} already enrolled` : '');
  }, reload);
}

/** Creates an input that calls `onSelect` with the files that the user selects. */
function photoInput(onSelect) {
  const input = h('input', {
    type: 'file', accept: 'image/*', multiple: true, onchange: () => onSelect([...input.files]),
  });
  return input;
}

/** Creates a figure with a photo, its source, quality and date, and a button that removes the photo. */
function sampleFigure(face, name, reload) {
  return h('figure', {class: 'photo'},
    sampleImage(face.image_id, name),
    h('figcaption', {}, face.source,
      h('span', {}, `quality ${face.quality.toFixed(2)} · ${new Date(face.created).toLocaleDateString()}`)),
    button('Remove', 'quiet', async () => {
      if (!await confirm('Remove this photo?', `It will no longer be used to recognise ${name}.`, 'Remove')) return;
      act(async () => {
        await remove(`/api/v1/recognition/faces/${face.image_id}`);
        return `Photo of ${name} removed`;
      }, reload);
    }, {'aria-label': `Remove photo ${face.source}`}));
}

/** Returns a click handler that renames a person. */
function rename(person, reload) {
  return async () => {
    const name = await prompt(`Rename ${person.subject}`, 'New name', person.subject, 'Rename');
    if (!name || name === person.subject) return;
    act(async () => {
      await put(subjectPath(person.subject), {subject: name});
      return `${person.subject} renamed to ${name}`;
    }, reload);
  };
}

/** Returns a click handler that merges a person into another one. */
function merge(person, people, reload) {
  return async () => {
    const others = people.map((other) => other.subject).filter((name) => name !== person.subject);
    const into = await prompt(`Merge ${person.subject} into…`, 'Person', '', 'Merge', others);
    if (!into) return;
    act(async () => {
      await post('/api/v1/gallery/merge', {from: person.subject, into});
      return `${person.subject} merged into ${into}`;
    }, reload);
  };
}

/** Returns a click handler that ignores a person or stops ignoring them. */
function toggleIgnored(person, reload) {
  return () => act(async () => {
    await put(`/api/v1/gallery/subjects/${encodeURIComponent(person.subject)}`, {ignored: !person.ignored});
    return `${person.subject} is ${person.ignored ? 'no longer' : 'now'} ignored`;
  }, reload);
}

/** Returns a click handler that removes a person after a confirmation. */
function removePerson(person, reload) {
  return async () => {
    const confirmed = await confirm(`Remove ${person.subject}?`,
      `This deletes ${count(person.samples.length, 'photo')} and all results that name this person. ` +
      'It cannot be undone.', 'Remove');
    if (!confirmed) return;
    act(async () => {
      const response = await remove(subjectPath(person.subject));
      if (response.erasure_pending) {
        notify(`Not all traces of ${person.subject} are erased yet: ${response.erasure_pending}.`, 'bad');
      }
      return `${person.subject} removed`;
    }, reload);
  };
}

function card(person, people, reload) {
  const input = photoInput((files) => addPhotos(person.subject, files, reload));
  input.id = `add-${person.id}`;
  return h('article', {class: 'card person', 'data-subject': person.subject},
    h('header', {},
      h('h2', {}, person.subject),
      person.ignored ? h('span', {class: 'pill'}, 'ignored') : null,
      h('p', {}, count(person.samples.length, 'photo'))),
    h('div', {class: 'samples'}, person.samples.map((face) => sampleFigure(face, person.subject, reload))),
    h('div', {class: 'actions'},
      h('label', {class: 'file', for: input.id}, 'Add photos', input),
      button('Rename', 'quiet', rename(person, reload)),
      button('Merge', 'quiet', merge(person, people, reload)),
      button(person.ignored ? 'Stop ignoring' : 'Ignore', 'quiet', toggleIgnored(person, reload)),
      button('Remove', 'quiet danger', removePerson(person, reload))));
}

/** Opens the dialog that enrols a person from photos. */
function enrolPerson(reload) {
  return dialog('Enrol a person', (close) => {
    const name = h('input', {required: true, maxlength: 200, autofocus: true, autocomplete: 'off'});
    const files = h('input', {type: 'file', accept: 'image/*', multiple: true, required: true});
    return [
      h('h2', {}, 'Enrol a person'),
      h('form', {onsubmit: (event) => {
        event.preventDefault();
        close();
        addPhotos(name.value, [...files.files], reload);
      }},
      h('label', {}, 'Name', name),
      h('label', {}, 'Photos that show only this person', files),
      h('div', {class: 'actions'}, button('Cancel', 'quiet', () => close()), h('button', {class: 'primary'}, 'Enrol'))),
    ];
  });
}

export function show(root) {
  let people = [];
  let maxCards = peoplePerPage;
  let active = true;
  const list = h('div', {class: 'cards wide'});
  const summary = h('p', {class: 'summary'});
  const search = h('input', {
    type: 'search', placeholder: 'Search', 'aria-label': 'Search by name', oninput: () => draw(),
  });
  const more = button('Show more', 'quiet more', () => {
    maxCards += peoplePerPage;
    draw();
  });

  const draw = () => {
    const matches = people.filter((person) => person.subject.toLowerCase().includes(search.value.toLowerCase()));
    list.replaceChildren(...matches.slice(0, maxCards).map((person) => card(person, people, reload)));
    if (matches.length === 0) {
      list.append(people.length === 0 ?
        emptyState('The gallery is empty', 'Enrol a person here or in the view “Unknown”.') :
        emptyState('No matches', 'No name contains the search text.'));
    }
    more.hidden = matches.length <= maxCards;
    summary.textContent = count(people.length, 'person', 'people');
  };
  const reload = async () => {
    try {
      people = await load();
      if (active) draw();
    } catch (error) {
      if (active && error.status !== 401) list.replaceChildren(emptyState('Gallery unavailable', error.message));
    }
  };
  root.append(h('div', {class: 'head'}, h('h1', {}, title), summary, search,
    button('Enrol a person', 'primary', () => enrolPerson(reload))), list, more);
  more.hidden = true;
  reload();
  return () => {
    active = false;
  };
}
