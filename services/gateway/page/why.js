// Why a decision was taken.

import {picture} from './api.js';
import {count, dialog, h, s} from './dom.js';
import {face, nameOf} from './live.js';

const digits = (value) => value.toFixed(2);

/** The decision in words. */
export function sentence(result) {
  if (result.decision === 'error') return result.reason ?? 'The face could not be worked on.';
  if (result.similarity === undefined) return capital(result.reason ?? 'Nobody is in the gallery.');
  const found = `similarity ${digits(result.similarity)}, ${digits(result.threshold)} is needed`;
  if (result.decision === 'known') return `${capital(found)}.`;
  const reason = result.reason ? `${capital(result.reason)}: ` : 'Nobody in the gallery is alike enough: ';
  return `${reason}${found}.`;
}

function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Similarity, threshold and runner-up on one line from 0 to 1. */
function scale(result) {
  const width = 560;
  const place = (value) => 20 + (width - 40) * Math.min(1, Math.max(0, value));
  const y = 58;
  const label = (value, text, at, kind) => s('text', {
    x: place(value), y: at, class: kind,
    'text-anchor': place(value) < 150 ? 'start' : place(value) > width - 150 ? 'end' : 'middle',
  }, text);
  const marks = [
    s('line', {x1: place(0), x2: place(1), y1: y, y2: y, class: 'axis'}),
    s('rect', {x: place(result.threshold), y: y - 5, width: place(1) - place(result.threshold), height: 10, rx: 5, class: 'enough'}),
    s('line', {x1: place(result.threshold), x2: place(result.threshold), y1: y - 16, y2: y + 16, class: 'needed'}),
    label(result.threshold, `needed ${digits(result.threshold)}`, y + 32, 'below'),
  ];
  if (result.runner_up) {
    const {subject, similarity} = result.runner_up;
    marks.push(s('circle', {cx: place(similarity), cy: y, r: 6, class: 'other'}),
      label(similarity, `next: ${short(subject)} ${digits(similarity)}`, y + 52, 'below'));
  }
  marks.push(s('circle', {cx: place(result.similarity), cy: y, r: 9, class: `best ${result.decision}`}),
    label(result.similarity, `this face ${digits(result.similarity)}`, y - 24, 'above'));
  return s('svg', {viewBox: `0 0 ${width} 118`, class: 'scale', role: 'img', 'aria-label': sentence(result)}, marks);
}

function short(name) {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}

/** How the time went, from the camera to here. */
function times(result) {
  const spent = Object.entries(result.milliseconds).filter(([stage]) => stage !== 'total')
    .map(([stage, ms]) => [stage, Math.max(0, ms)]);
  const total = spent.reduce((sum, [, ms]) => sum + ms, 0) || 1;
  return h('div', {class: 'times'},
    h('div', {class: 'stack', 'aria-hidden': 'true'}, spent.map(([stage, ms]) => {
      const part = h('span', {title: `${stage}: ${ms.toFixed(0)} ms`});
      part.style.flexGrow = String(ms / total);
      return part;
    })),
    h('ul', {}, spent.map(([stage, ms]) => h('li', {}, h('i', {}), `${stage} `,
      h('b', {}, `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`)))));
}

/** The picture of a sample in the gallery, or what says that there is none. */
export function samplePicture(id, name) {
  const frame = h('span', {class: 'sample'}, h('span', {class: 'face none', 'aria-hidden': 'true'}, name.slice(0, 1)));
  const load = async () => {
    try {
      const image = h('img', {class: 'face', alt: `A picture of ${name}`, src: await picture(`/api/v1/recognition/faces/${id}/img`)});
      frame.replaceChildren(image);
    } catch {
      frame.title = 'No picture is kept of this sample';
    }
  };
  whenSeen(frame, load);
  return frame;
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    loaders.get(entry.target)?.();
  }
}, {rootMargin: '200px'});
const loaders = new WeakMap();

function whenSeen(element, load) {
  loaders.set(element, load);
  seen.observe(element);
}

function facts(result) {
  const rows = [
    ['Camera', result.camera],
    ['Seen', new Date(result.time).toLocaleString()],
    ['Faces looked at', count(result.probes, 'face')],
    ['Best face', `quality ${digits(result.quality)} of 1`],
  ];
  if (result.probability !== undefined) rows.push(['Probability', `${(100 * result.probability).toFixed(1)} %`]);
  if (result.margin !== undefined) rows.push(['Lead', result.runner_up ? `${digits(result.margin)} over ${result.runner_up.subject}` : 'nobody to lead over']);
  return h('dl', {class: 'facts'}, rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

export function explain(result) {
  return dialog('Why', () => [
    h('div', {class: 'top'}, face(result),
      h('div', {},
        h('span', {class: `pill ${result.decision}`}, result.decision),
        h('h2', {}, nameOf(result)),
        h('p', {}, sentence(result)))),
    result.similarity === undefined ? null : scale(result),
    result.samples.length === 0 ? null : h('section', {},
      h('h3', {}, result.decision === 'known' ? 'The pictures that decided' : 'The most similar pictures'),
      h('div', {class: 'samples'}, result.samples.map((id) => samplePicture(id, result.subject ?? '?')))),
    facts(result),
    h('section', {}, h('h3', {}, `From the camera to here in ${Math.round(result.milliseconds.total)} ms`), times(result)),
    h('details', {}, h('summary', {}, 'For the log'),
      h('dl', {class: 'facts'}, [['Track', result.track], ['Model', result.model], ['Gallery', result.gallery]]
        .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, h('code', {}, value)))))),
  ], 'why');
}
