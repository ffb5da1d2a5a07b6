// The cameras, and what stands behind them.

import {get} from './api.js';
import {count, h, nothing, since} from './dom.js';

export const title = 'Cameras';

const every = 2000;

const states = {
  live: ['Frames come', 'good'],
  silent: ['No picture', 'bad'],
  ended: ['Read to its end', ''],
  away: ['Its edge is not heard of', 'bad'],
};

function facts(rows) {
  return h('dl', {class: 'facts'}, rows.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function heard(seconds) {
  return since(new Date(Date.now() - 1000 * seconds).toISOString());
}

function camera(entry) {
  const [text, kind] = states[entry.state];
  return h('article', {class: 'card camera'},
    h('h2', {}, h('i', {class: `dot ${kind}`}), entry.camera),
    h('p', {class: `state ${kind}`}, text),
    facts([
      entry.frames_per_second !== undefined && ['Frames a second', entry.frames_per_second.toFixed(1)],
      entry.tracks !== undefined && ['In the picture now', count(entry.tracks, 'face')],
      ['Results', entry.results],
      entry.last_frame && ['Last frame', since(entry.last_frame)],
      ['Heard', heard(entry.heard_seconds_ago)],
    ]));
}

function server(broker) {
  const lost = !broker || broker.heard_seconds_ago > 5;
  const good = !lost && broker.state === 'ok' && !broker.gallery_stale;
  const words = !broker ? 'The broker is not heard of' : lost ? 'The broker is not heard of any more' :
    broker.state !== 'ok' ? `The broker says: ${broker.state}` :
      broker.gallery_stale ? 'Recognition goes on with an old copy of the gallery: Redis is away' : 'Recognition works';
  return h('article', {class: 'card camera'},
    h('h2', {}, h('i', {class: `dot ${good ? 'good' : 'bad'}`}), 'Server'),
    h('p', {class: `state ${good ? 'good' : 'bad'}`}, words),
    broker ? facts([
      ['Workers', broker.workers],
      ['Faces that wait', broker.queued],
      ['Under way', broker.in_flight],
      ['Results', broker.results],
      ['Heard', heard(broker.heard_seconds_ago)],
    ]) : null);
}

export function show(root) {
  const list = h('div', {class: 'cards wide'});
  root.append(h('div', {class: 'head'}, h('h1', {}, 'Cameras')), list);
  let goes = true;
  const draw = async () => {
    try {
      const told = await get('/api/v1/cameras');
      if (!goes) return;
      list.replaceChildren(...told.cameras.map(camera), server(told.broker));
      if (told.cameras.length === 0) {
        list.prepend(nothing('No camera yet', 'A camera appears here when the machine that it is at has been heard of.'));
      }
    } catch (error) {
      if (goes && error.status !== 401) {
        list.replaceChildren(nothing('Not known', error.message));
      }
    }
  };
  draw();
  const timer = setInterval(draw, every);
  return () => {
    goes = false;
    clearInterval(timer);
  };
}
