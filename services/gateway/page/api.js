// Client of the gateway's REST API. The API key is sent in a header only, never in a URL.

const keyStorage = 'facebus-key';
const maxAttempts = 6;
const maxConcurrentImages = 4;
const maxCachedImages = 2000;

/** Error answer of the gateway, with its message. `status` is 0 if there was no answer. */
export class GatewayError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const key = {
  get: () => sessionStorage.getItem(keyStorage) ?? '',
  set: (value) => sessionStorage.setItem(keyStorage, value),
  forget: () => sessionStorage.removeItem(keyStorage),
};

let unauthorised = () => {};
/** Calls `handler` with the gateway's message whenever the key is missing or rejected. */
export function onUnauthorised(handler) {
  unauthorised = handler;
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
  for (let attempt = 1; ; ++attempt) {
    let response;
    try {
      response = await fetch(path, {method, headers: headers(type), body});
    } catch {
      throw new GatewayError(0, 'Cannot reach the gateway. Check your connection.');
    }
    if (response.ok) return response;
    // Random, so that pages that were rejected together do not all return together.
    if (response.headers.has('Retry-After') && attempt < maxAttempts) {
      await pause(1000 * Number(response.headers.get('Retry-After')) * (0.5 + Math.random()));
      continue;
    }
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) unauthorised(answer.message);
    throw new GatewayError(response.status, answer.message ?? `The gateway returned error ${response.status}.`);
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

const images = new Map();
const waiting = [];
let loading = 0;

/** Fetches an image that requires the key. Returns a promise of a URL for an <img>. */
export function imageUrl(path) {
  if (!images.has(path)) {
    if (images.size >= maxCachedImages) images.delete(images.keys().next().value);
    const loaded = new Promise((resolve, reject) => waiting.push({path, resolve, reject}));
    loaded.catch(() => images.delete(path));
    images.set(path, loaded);
    loadNext();
  }
  return images.get(path);
}

async function loadNext() {
  if (loading >= maxConcurrentImages || waiting.length === 0) return;
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

/**
 * Yields server-sent events until the connection ends. The first one is {event: 'open'}. `lastId` is the id of the last
 * event received; the gateway continues after it. Throws GatewayError if the gateway rejects the request.
 */
export async function* events(path, lastId) {
  const more = {Accept: 'text/event-stream'};
  if (lastId) more['Last-Event-ID'] = lastId;
  const response = await fetch(path, {headers: headers(more), cache: 'no-store'});
  if (!response.ok) {
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) unauthorised(answer.message);
    throw new GatewayError(response.status, answer.message ?? '');
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
