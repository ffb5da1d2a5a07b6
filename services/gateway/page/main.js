// Which view is shown, and the key.

import {get, key, whenKeyIsMissing} from './api.js';
import {dialog, h, keepTimes} from './dom.js';
import * as cameras from './cameras.js';
import * as gallery from './gallery.js';
import * as live from './live.js';
import * as numbers from './numbers.js';
import * as unknown from './unknown.js';

const views = {live, unknown, gallery, cameras, numbers};
let leave = () => {};

function show() {
  const name = location.hash.slice(1) in views ? location.hash.slice(1) : 'live';
  leave();
  const root = document.querySelector('#view');
  root.replaceChildren();
  root.className = name;
  leave = views[name].show(root) ?? (() => {});
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${views[name].title} · facebus`;
}

let asking = false;
async function askForKey(why) {
  if (asking) return;
  asking = true;
  const given = await dialog('API key', (close) => {
    const input = h('input', {type: 'password', required: true, autofocus: true, autocomplete: 'off', name: 'key'});
    return [
      h('h2', {}, 'API key'),
      h('p', {class: key.get() ? 'bad' : ''}, key.get() ? why : 'This gateway asks for a key. It stays in this tab.'),
      h('form', {onsubmit: (event) => {
        event.preventDefault();
        close(input.value.trim());
      }},
      h('label', {}, 'Key', input),
      h('p', {class: 'hint'}, '“facebus api-key read NAME” makes one that may look; one with the role enrol may also name people.'),
      h('div', {class: 'actions'}, h('button', {class: 'primary'}, 'Go on'))),
    ];
  });
  asking = false;
  if (given) key.set(given);
  else key.forget();
  start();
}

/** With a key that counts everything is loaded anew; without one it is asked for. */
async function start() {
  try {
    await get('/api/v1/cameras');
  } catch (error) {
    if (error.status === 401) return;
  }
  live.listen();
  unknown.watch();
  show();
}

whenKeyIsMissing(askForKey);
addEventListener('hashchange', show);
keepTimes();
start();
