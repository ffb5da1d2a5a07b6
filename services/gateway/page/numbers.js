// How many results come, and how long they take.

import {get} from './api.js';
import {count, h, nothing} from './dom.js';
import {bars, lines} from './plot.js';

export const title = 'Numbers';

const every = 5000;
const minutes = {10: 'Ten minutes', 60: 'An hour'};
const decisions = ['known', 'unknown', 'undecided', 'error'].map((name) => ({name, kind: name}));
let shown = 10;

function table(spans) {
  const stages = Object.keys(spans[0].milliseconds);
  const middle = (stage, quantile) => {
    const values = spans.map((span) => span.milliseconds[stage][quantile]).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)];
  };
  const worst = (stage) => Math.max(...spans.map((span) => span.milliseconds[stage].p99));
  return h('table', {},
    h('caption', {}, 'Where the time goes, in ms'),
    h('thead', {}, h('tr', {}, ['Stage', 'usual', 'slowest'].map((text) => h('th', {scope: 'col'}, text)))),
    h('tbody', {}, stages.map((stage) => h('tr', {class: stage === 'total' ? 'total' : ''}, h('th', {scope: 'row'}, stage),
      [middle(stage, 'p50'), worst(stage)].map((value) => h('td', {}, value < 10 ? value.toFixed(1) : value.toFixed(0)))))));
}

function draw(told) {
  const to = Date.parse(told.now);
  const from = to - shown * 60000;
  const span = told.span_seconds * 1000;
  const spans = told.spans.filter((one) => Date.parse(one.time) + span > from);
  if (spans.length === 0) {
    return [nothing('Nothing to count yet', 'Results of the last hour are counted here, in spans of ten seconds.')];
  }
  const times = (one) => Math.max(from, Date.parse(one.time));
  const total = spans.reduce((sum, one) => sum + Object.values(one.results).reduce((a, b) => a + b, 0), 0);
  return [
    h('div', {class: 'card'}, bars(`${count(total, 'result')}`, spans.map((one) => ({time: times(one), ...one.results})),
      decisions, {from, to, span, unit: `in ${told.span_seconds} s`})),
    h('div', {class: 'card'}, lines('From the camera to the result',
      spans.map((one) => ({time: times(one) + span / 2, p50: one.milliseconds.total.p50, p99: one.milliseconds.total.p99})),
      [{name: 'p50', kind: 'usual'}, {name: 'p99', kind: 'slowest'}], {from, to, gap: 3 * span, unit: 'ms'})),
    h('div', {class: 'card'}, table(spans)),
  ];
}

export function show(root) {
  const plots = h('div', {class: 'plots'});
  let goes = true;
  const redraw = async () => {
    try {
      const told = await get('/api/v1/statistics');
      if (goes) plots.replaceChildren(...draw(told));
    } catch (error) {
      if (goes && error.status !== 401) plots.replaceChildren(nothing('Not known', error.message));
    }
  };
  const choices = h('div', {class: 'choices', role: 'group', 'aria-label': 'How far back'},
    Object.entries(minutes).map(([number, text]) => h('button', {
      type: 'button', 'aria-pressed': String(Number(number) === shown),
      onclick: (event) => {
        shown = Number(number);
        for (const other of choices.children) other.setAttribute('aria-pressed', String(other === event.target));
        redraw();
      },
    }, text)));
  root.append(h('div', {class: 'head'}, h('h1', {}, 'Numbers'), choices), plots);
  redraw();
  const timer = setInterval(redraw, every);
  return () => {
    goes = false;
    clearInterval(timer);
  };
}
