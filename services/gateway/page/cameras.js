// Cameras: state of each camera and of the broker.

import {get} from './api.js';
import {emptyState, facts, h, timeAgo} from './dom.js';

export const title = 'Cameras';

const refreshInterval = 2000;  // milliseconds
const brokerTimeout = 5;  // seconds without a message after which the broker is offline

/** Text and style of each camera state that the gateway reports. */
const states = {
  live: ['Live', 'good'],
  no_frames: ['No frames', 'bad'],
  ended: ['Ended', ''],
  offline: ['Camera offline', 'bad'],
};

/** Creates a timeAgo() element for the time `seconds` ago. */
function secondsAgo(seconds) {
  return timeAgo(new Date(Date.now() - 1000 * seconds).toISOString());
}

function cameraCard(entry) {
  const [text, kind] = states[entry.state];
  return h('article', {class: 'card camera'},
    h('h2', {}, h('i', {class: `dot ${kind}`}), entry.camera),
    h('p', {class: `state ${kind}`}, text),
    facts([
      entry.frames_per_second !== undefined && ['Frames per second', entry.frames_per_second.toFixed(1)],
      entry.tracks !== undefined && ['Faces in view', entry.tracks],
      ['Results', entry.results],
      entry.last_frame && ['Last frame', timeAgo(entry.last_frame)],
      ['Last message', secondsAgo(entry.last_message_seconds_ago)],
    ]));
}

/** Returns the text and the style of the broker's state. */
function brokerState(broker) {
  if (!broker || broker.last_message_seconds_ago > brokerTimeout) return ['Broker offline', 'bad'];
  if (broker.state !== 'ok') {
    return [`Recognition stopped: ${broker.state}. Start or restart facebus-recognize.`, 'bad'];
  }
  if (broker.gallery_stale) {
    const text = 'A worker uses an old gallery, because it cannot read Redis. Start Redis, or see the worker log.';
    return [text, 'bad'];
  }
  return ['Recognition running', 'good'];
}

function brokerCard(broker) {
  const [text, kind] = brokerState(broker);
  return h('article', {class: 'card camera'},
    h('h2', {}, h('i', {class: `dot ${kind}`}), 'Broker'),
    h('p', {class: `state ${kind}`}, text),
    broker ? facts([
      ['Workers', broker.workers],
      ['Faces queued', broker.queued],
      ['Faces in flight', broker.in_flight],
      ['Results', broker.results],
      ['Last message', secondsAgo(broker.last_message_seconds_ago)],
    ]) : null);
}

export function show(root) {
  const list = h('div', {class: 'cards wide'});
  root.append(h('div', {class: 'head'}, h('h1', {}, title)), list);
  let active = true;
  const draw = async () => {
    try {
      const response = await get('/api/v1/cameras');
      if (!active) return;
      list.replaceChildren(...response.cameras.map(cameraCard), brokerCard(response.broker));
      if (response.cameras.length === 0) {
        list.prepend(emptyState('No cameras yet',
          'A camera appears here as soon as its edge (the computer that processes its video) connects to the broker.'));
      }
    } catch (error) {
      if (active && error.status !== 401) {
        list.replaceChildren(emptyState('Cameras unavailable', error.message));
      }
    }
  };
  draw();
  const timer = setInterval(draw, refreshInterval);
  return () => {
    active = false;
    clearInterval(timer);
  };
}
