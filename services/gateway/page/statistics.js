// Statistics of the last hour: number of results and latency.

import {get} from './api.js';
import {count, emptyState, h} from './dom.js';
import {bars, lines} from './plot.js';

export const title = 'Statistics';

const refreshInterval = 5000;  // milliseconds
const ranges = {10: '10 minutes', 60: '1 hour'};  // text of each time range, by its length in minutes
const decisions = ['known', 'unknown', 'undecided', 'error'].map((name) => ({name, kind: name}));
let minutes = 10;  // selected time range

/** Creates the table of latency per stage: median of the p50 values and maximum of the p99 values of `spans`. */
function latencyTable(spans) {
  const stages = Object.keys(spans[0].milliseconds);
  const medianP50 = (stage) => {
    const values = spans.map((span) => span.milliseconds[stage].p50).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)];
  };
  const maxP99 = (stage) => Math.max(...spans.map((span) => span.milliseconds[stage].p99));
  return h('table', {},
    h('caption', {}, 'Latency per stage in ms'),
    h('thead', {}, h('tr', {}, ['Stage', 'Median p50', 'Max. p99'].map((text) => h('th', {scope: 'col'}, text)))),
    h('tbody', {}, stages.map((stage) => h('tr', {class: stage === 'total' ? 'total' : ''},
      h('th', {scope: 'row'}, stage),
      [medianP50(stage), maxP99(stage)].map((ms) => h('td', {}, ms < 10 ? ms.toFixed(1) : ms.toFixed(0)))))));
}

/** Creates the plots and the table of the selected time range, or a message if it contains no results. */
function draw(statistics) {
  const to = Date.parse(statistics.now);
  const from = to - minutes * 60000;
  const spanLength = statistics.span_seconds * 1000;
  const spans = statistics.spans.filter((span) => Date.parse(span.time) + spanLength > from);
  if (spans.length === 0) {
    return [emptyState('No results in this period', 'Statistics appear here after the next result.')];
  }
  const start = (span) => Math.max(from, Date.parse(span.time));
  const total = spans.reduce((sum, span) => sum + Object.values(span.results).reduce((a, b) => a + b, 0), 0);
  return [
    h('div', {class: 'card'}, bars(count(total, 'result'), spans.map((span) => ({time: start(span), ...span.results})),
      decisions, {from, to, span: spanLength, unit: `per ${statistics.span_seconds} s`})),
    h('div', {class: 'card'}, lines('Latency from camera to result', spans.map((span) => ({
      time: start(span) + spanLength / 2, p50: span.milliseconds.total.p50, p99: span.milliseconds.total.p99,
    })), [{name: 'p50', kind: 'p50'}, {name: 'p99', kind: 'p99'}], {from, to, gap: 3 * spanLength, unit: 'ms'})),
    h('div', {class: 'card'}, latencyTable(spans)),
  ];
}

export function show(root) {
  const plots = h('div', {class: 'plots'});
  let active = true;
  const redraw = async () => {
    try {
      const statistics = await get('/api/v1/statistics');
      if (active) plots.replaceChildren(...draw(statistics));
    } catch (error) {
      if (active && error.status !== 401) plots.replaceChildren(emptyState('Statistics unavailable', error.message));
    }
  };
  const rangeButtons = h('div', {class: 'choices', role: 'group', 'aria-label': 'Time range'},
    Object.entries(ranges).map(([number, text]) => h('button', {
      type: 'button', 'aria-pressed': String(Number(number) === minutes),
      onclick: (event) => {
        minutes = Number(number);
        for (const other of rangeButtons.children) other.setAttribute('aria-pressed', String(other === event.target));
        redraw();
      },
    }, text)));
  root.append(h('div', {class: 'head'}, h('h1', {}, title), rangeButtons), plots);
  redraw();
  const timer = setInterval(redraw, refreshInterval);
  return () => {
    active = false;
    clearInterval(timer);
  };
}
