// Client for the gateway's REST API. Sends the API key only in a header, never in a URL.

const keyStorage = 'facebus-key';
const maxAttempts = 6;
const maxConcurrentImages = 4;
const maxCachedImages = 2000;

/** Failed request. `status` is the HTTP status of the gateway's response, or 0 if the gateway could not be reached. */
export class GatewayError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** API key of the user. It is stored until the tab is closed. */
export const key = {
  get: () => sessionStorage.getItem(keyStorage) ?? '',
  set: (value) => sessionStorage.setItem(keyStorage, value),
  forget: () => sessionStorage.removeItem(keyStorage),
};

let unauthorisedHandler = () => {};
/** Registers a function to be called with the gateway's message whenever the key is missing or rejected. */
export function onUnauthorised(handler) {
  unauthorisedHandler = handler;
}

/** Returns the headers in `extra` and, if the user has entered an API key, the header with the key. */
function requestHeaders(extra) {
  const all = {...extra};
  if (key.get()) all['x-api-key'] = key.get();
  return all;
}

/** Returns a promise that resolves after a number of milliseconds. */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Returns the GatewayError for an error response. If the key is missing or rejected, calls the registered handler. */
async function toError(response) {
  const body = await response.json().catch(() => null);
  const error = new GatewayError(response.status, body?.message || `The gateway returned error ${response.status}.`);
  if (response.status === 401) unauthorisedHandler(error.message);
  return error;
}

/**
 * Sends a request and returns its response. Retries up to five times while the response has Retry-After (status 429 or
 * 503). Throws GatewayError if the gateway cannot be reached or returns an error.
 */
async function send(method, path, {json, form} = {}) {
  const body = json === undefined ? form : JSON.stringify(json);
  const type = json === undefined ? {} : {'Content-Type': 'application/json'};
  for (let attempt = 1; ; ++attempt) {
    let response;
    try {
      response = await fetch(path, {method, headers: requestHeaders(type), body});
    } catch {
      throw new GatewayError(0, 'Cannot reach the gateway. Check your connection.');
    }
    if (response.ok) return response;
    // Add jitter: pages that were rejected at the same time must not all retry at the same time.
    if (response.headers.has('Retry-After') && attempt < maxAttempts) {
      await pause(1000 * Number(response.headers.get('Retry-After')) * (0.5 + Math.random()));
      continue;
    }
    throw await toError(response);
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

const images = new Map();  // promises of image URLs, by path, oldest first
const queue = [];
let loading = 0;  // number of images being fetched

/**
 * Fetches an image with the API key, or finds it in the cache. Returns a promise of a URL for an <img>, which cannot
 * send the key itself.
 */
export function imageUrl(path) {
  if (!images.has(path)) {
    if (images.size >= maxCachedImages) removeOldestImage();
    const loaded = new Promise((resolve, reject) => queue.push({path, resolve, reject}));
    loaded.catch(() => images.delete(path));
    images.set(path, loaded);
    loadNext();
  }
  return images.get(path);
}

/** Removes the oldest image from the cache and frees its memory. */
function removeOldestImage() {
  const [path, loaded] = images.entries().next().value;
  images.delete(path);
  // Revoke the URL only in a later task, because an <img> that has just received it must start to load it first.
  loaded.then((url) => setTimeout(() => URL.revokeObjectURL(url)), () => {});
}

/** Fetches the next image of the queue, unless enough images are being fetched. */
async function loadNext() {
  if (loading >= maxConcurrentImages || queue.length === 0) return;
  const {path, resolve, reject} = queue.shift();
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
 * Yields {event: 'open'} once connected, then each server-sent event with data, until the connection ends. `lastId` is
 * the id of the last event received; the gateway continues with the event after it. Throws GatewayError if the gateway
 * rejects the request, and other errors if the connection fails.
 */
export async function* events(path, lastId) {
  const extra = {Accept: 'text/event-stream'};
  if (lastId) extra['Last-Event-ID'] = lastId;
  const response = await fetch(path, {headers: requestHeaders(extra), cache: 'no-store'});
  if (!response.ok) throw await toError(response);
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
