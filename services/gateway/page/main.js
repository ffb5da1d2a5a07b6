// Entry point: signs in and switches between the views.

import {get, key, onUnauthorised} from './api.js';
import {dialog, h, refreshTimes} from './dom.js';
import * as cameras from './cameras.js';
import * as gallery from './gallery.js';
import * as live from './live.js';
import * as statistics from './statistics.js';
import * as unknown from './unknown.js';

const views = {live, unknown, gallery, cameras, statistics};
let stopView = () => {};  // stops the current view; returned by the show() of the view

/** Stops the current view and shows the view that the URL names, by default `live`. */
function show() {
  const requested = location.hash.slice(1);
  const name = Object.hasOwn(views, requested) ? requested : 'live';
  stopView();
  const root = document.querySelector('#view');
  root.replaceChildren();
  root.className = name;
  stopView = views[name].show(root);
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${views[name].title} · facebus`;
}

let signingIn = false;
/**
 * Opens the sign-in dialog and waits for the user, then starts the page again. If the gateway has rejected a key, the
 * dialog shows `error`, the gateway's message.
 */
async function signIn(error) {
  if (signingIn) return;
  signingIn = true;
  const entered = await dialog('Sign in', (close) => {
    const input = h('input', {type: 'password', required: true, autofocus: true, autocomplete: 'off', name: 'key'});
    return [
      h('h2', {}, 'Sign in'),
      key.get() ? h('p', {class: 'bad'}, error) : h('p', {}, 'Enter your API key. Only this tab remembers it.'),
      h('form', {onsubmit: (event) => {
        event.preventDefault();
        close(input.value.trim());
      }},
      h('label', {}, 'API key', input),
      h('p', {class: 'hint'}, '“facebus api-key read NAME” creates a key that can only view. ',
        'Use “enrol” instead of “read” to create a key that can also change the gallery.'),
      h('div', {class: 'actions'}, h('button', {class: 'primary'}, 'Sign in'))),
    ];
  });
  signingIn = false;
  if (entered) key.set(entered);
  else key.forget();
  start();
}

/**
 * Starts the page, unless the gateway requires a key and the key is missing or invalid. In that case, get() has already
 * opened the sign-in dialog, which calls start() again.
 */
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

onUnauthorised(signIn);
addEventListener('hashchange', () => {
  if (location.hash !== '#view') show();  // The skip link leads to the element #view. That is not the name of a view.
});
refreshTimes();
start();
