// Dialog that explains a decision.

import {imageUrl} from './api.js';
import {capitalise, dialog, facts, h, s} from './dom.js';
import {faceImage, nameOf} from './live.js';

const twoDecimals = (value) => value.toFixed(2);

/** Returns a sentence that explains the decision. */
export function sentence(result) {
  if (result.decision === 'error') return `${capitalise(result.reason || 'the face could not be processed')}.`;
  if (result.similarity === undefined) return `${capitalise(result.reason || 'no similarity was computed')}.`;
  const scores = `similarity ${twoDecimals(result.similarity)}, threshold ${twoDecimals(result.threshold)}`;
  if (result.decision === 'known') return `${capitalise(scores)}.`;
  return `${capitalise(result.reason || 'no match')}: ${scores}.`;
}

const characterWidth = 12;  // estimated width of a character in the largest font of scale(), in units of the view box

/** Draws the similarity, the threshold and the runner-up's similarity on one axis from 0 to 1. */
function scale(result) {
  const width = 560;
  const position = (value) => 20 + (width - 40) * Math.min(1, Math.max(0, value));
  const y = 58;
  const label = (value, text, labelY, kind) => {
    // Centre the label on its mark, but keep it inside the drawing.
    const margin = text.length * characterWidth / 2;
    const x = Math.min(Math.max(position(value), margin), width - margin);
    return s('text', {x, y: labelY, class: kind, 'text-anchor': 'middle'}, text);
  };
  const marks = [
    s('line', {x1: position(0), x2: position(1), y1: y, y2: y, class: 'axis'}),
    s('rect', {
      x: position(result.threshold), y: y - 5, width: position(1) - position(result.threshold), height: 10, rx: 5,
      class: 'accepted',
    }),
    s('line', {
      x1: position(result.threshold), x2: position(result.threshold), y1: y - 16, y2: y + 16, class: 'threshold',
    }),
    label(result.threshold, `threshold ${twoDecimals(result.threshold)}`, y + 32, 'below'),
  ];
  if (result.runner_up) {
    const {subject, similarity} = result.runner_up;
    marks.push(s('circle', {cx: position(similarity), cy: y, r: 6, class: 'runner-up'}),
      label(similarity, `runner-up: ${short(subject)} ${twoDecimals(similarity)}`, y + 52, 'below'));
  }
  marks.push(s('circle', {cx: position(result.similarity), cy: y, r: 9, class: `best ${result.decision}`}),
    label(result.similarity, `similarity ${twoDecimals(result.similarity)}`, y - 24, 'above'));
  return s('svg', {viewBox: `0 0 ${width} 118`, class: 'scale', role: 'img', 'aria-label': sentence(result)}, marks);
}

/** Shortens a name for the drawing. */
function short(name) {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}

/** Draws how long each stage took, from the camera to the published result. */
function latency(result) {
  const stages = Object.entries(result.milliseconds).filter(([stage]) => stage !== 'total')
    .map(([stage, ms]) => [stage, Math.max(0, ms)]);
  const total = stages.reduce((sum, [, ms]) => sum + ms, 0) || 1;
  return h('div', {class: 'times'},
    h('div', {class: 'stack', 'aria-hidden': 'true'}, stages.map(([stage, ms]) => {
      const part = h('span', {title: `${stage}: ${ms.toFixed(0)} ms`});
      part.style.flexGrow = String(ms / total);
      return part;
    })),
    h('ul', {}, stages.map(([stage, ms]) => h('li', {}, h('i', {}), `${stage} `,
      h('b', {}, `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`)))));
}

/**
 * Creates an element that shows the photo of a sample. It loads the photo when it is scrolled into view. Until the
 * photo is loaded, it shows the first letter of `name`, or `?` if there is no name.
 */
export function sampleImage(id, name) {
  const frame = h('span', {class: 'sample'},
    h('span', {class: 'face none', 'aria-hidden': 'true'}, (name ?? '?').slice(0, 1)));
  const load = async () => {
    try {
      const image = h('img', {
        class: 'face', alt: name ? `Photo of ${name}` : 'Enrolled photo',
        src: await imageUrl(`/api/v1/recognition/faces/${id}/img`),
      });
      frame.replaceChildren(image);
    } catch {
      frame.title = 'Photo not available';
    }
  };
  whenVisible(frame, load);
  return frame;
}

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    observer.unobserve(entry.target);
    loaders.get(entry.target)?.();
  }
}, {rootMargin: '200px'});
const loaders = new WeakMap();

/** Calls `load` once, when the element becomes visible. */
function whenVisible(element, load) {
  loaders.set(element, load);
  observer.observe(element);
}

/** Creates the list of facts about a result. */
function summary(result) {
  const rows = [
    ['Camera', result.camera],
    ['Seen', new Date(result.time).toLocaleString()],
    ['Faces compared', result.probes],
    ['Best quality', twoDecimals(result.quality)],
  ];
  if (result.probability !== undefined) rows.push(['Probability', `${(100 * result.probability).toFixed(1)}%`]);
  if (result.margin !== undefined) {
    const {runner_up: runnerUp} = result;
    rows.push(['Margin', runnerUp ? `${twoDecimals(result.margin)} over ${runnerUp.subject}` : 'no runner-up']);
  }
  return facts(rows);
}

/** Opens the dialog that explains a decision. */
export function explain(result) {
  return dialog('Decision details', () => [
    h('div', {class: 'top'}, faceImage(result),
      h('div', {},
        h('span', {class: `pill ${result.decision}`}, result.decision),
        h('h2', {}, nameOf(result)),
        h('p', {}, sentence(result)))),
    result.similarity === undefined ? null : scale(result),
    result.samples.length === 0 ? null : h('section', {},
      h('h3', {}, result.decision === 'known' ? 'Matching photos' : 'Most similar photos'),
      h('div', {class: 'samples'}, result.samples.map((id) => sampleImage(id, result.subject)))),
    summary(result),
    h('section', {}, h('h3', {}, `Latency from camera to result: ${Math.round(result.milliseconds.total)} ms`),
      latency(result)),
    h('details', {}, h('summary', {}, 'Technical details'),
      facts([['Track id', result.track], ['Model id', result.model], ['Gallery version', result.gallery]]
        .map(([name, value]) => [name, h('code', {}, value)]))),
  ], 'why');
}
