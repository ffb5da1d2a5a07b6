// Speaking with the gateway. The key goes in a header only, never into an address.

const place = 'facebus-key';
const tries = 6;
const picturesAtOnce = 4;
const picturesKept = 2000;

/** What the gateway refused, in its own words. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const key = {
  get: () => sessionStorage.getItem(place) ?? '',
  set: (value) => sessionStorage.setItem(place, value),
  forget: () => sessionStorage.removeItem(place),
};

let onKeyMissing = () => {};
/** `told` is called with the gateway's words when it wants a key, or another one. */
export function whenKeyIsMissing(told) {
  onKeyMissing = told;
}

function headers(more) {
  const all = {...more};
  if (key.get()) all['x-api-key'] = key.get();
  return all;
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function send(method, path, {json, form} = {}) {
  const body = json === undefined ? form : JSON.stringify(json);
  const type = json === undefined ? {} : {'Content-Type': 'application/json'};
  for (let left = tries; ; --left) {
    let response;
    try {
      response = await fetch(path, {method, headers: headers(type), body});
    } catch {
      throw new Refusal(0, 'The gateway does not answer.');
    }
    if (response.ok) return response;
    // It asks to be asked again a little later.
    if (response.headers.has('Retry-After') && left > 1) {
      await pause(1000 * Number(response.headers.get('Retry-After')) * (0.5 + Math.random()));
      continue;
    }
    const told = await response.json().catch(() => ({}));
    if (response.status === 401) onKeyMissing(told.message);
    throw new Refusal(response.status, told.message ?? `The gateway answers ${response.status}.`);
  }
}

export async function get(path) {
  return (await send('GET', path)).json();
}
export async function post(path, json) {
  return (await send('POST', path, {json})).json();
}
export async function put(path, json) {
  return (await send('PUT', path, {json})).json();
}
export async function remove(path) {
  return (await send('DELETE', path)).json();
}
export async function upload(path, files) {
  const form = new FormData();
  for (const file of files) form.append('file', file, file.name);
  return (await send('POST', path, {form})).json();
}

const pictures = new Map();
const waiting = [];
let loading = 0;

/** The address of a picture that takes a key, for an <img>. */
export function picture(path) {
  if (!pictures.has(path)) {
    if (pictures.size >= picturesKept) pictures.delete(pictures.keys().next().value);
    const loaded = new Promise((resolve, reject) => waiting.push({path, resolve, reject}));
    loaded.catch(() => pictures.delete(path));
    pictures.set(path, loaded);
    loadNext();
  }
  return pictures.get(path);
}

async function loadNext() {
  if (loading >= picturesAtOnce || waiting.length === 0) return;
  const {path, resolve, reject} = waiting.shift();
  ++loading;
  try {
    resolve(URL.createObjectURL(await (await send('GET', path)).blob()));
  } catch (error) {
    reject(error);
  }
  --loading;
  loadNext();
}

/** Server-sent events, one after the other. Ends when the connection does. */
export async function* events(path, lastId) {
  const more = {Accept: 'text/event-stream'};
  if (lastId) more['Last-Event-ID'] = lastId;
  const response = await fetch(path, {headers: headers(more), cache: 'no-store'});
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    if (response.status === 401) onKeyMissing(told.message);
    throw new Refusal(response.status, told.message ?? '');
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  yield {event: 'open'};
  while (true) {
    const {value, done} = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = {};
      for (const line of text.slice(0, end).split('\n')) {
        const colon = line.indexOf(': ');
        if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 2);
      }
      text = text.slice(end + 2);
      if (event.data) yield event;
    }
  }
}
