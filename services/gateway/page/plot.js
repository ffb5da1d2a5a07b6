// Small plots over time, as SVG.

import {h, s} from './dom.js';

const width = 640;
const height = 200;
const edge = {left: 56, right: 8, top: 10, bottom: 24};

/** Round numbers from 0 to at least `highest`. */
function ticks(highest) {
  const rough = Math.max(highest, 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  return Array.from({length: Math.ceil(highest / step) + 1}, (_, i) => i * step);
}

function frame(label, from, to, highest, unit) {
  const marks = ticks(highest);
  const top = marks.at(-1) || 1;
  const x = (time) => edge.left + (width - edge.left - edge.right) * (time - from) / (to - from);
  const y = (value) => height - edge.bottom - (height - edge.top - edge.bottom) * value / top;
  const svg = s('svg', {viewBox: `0 0 ${width} ${height}`, class: 'plot', role: 'img', 'aria-label': label});
  for (const mark of marks) {
    svg.append(s('line', {x1: edge.left, x2: width - edge.right, y1: y(mark), y2: y(mark), class: 'grid'}),
      s('text', {x: edge.left - 6, y: y(mark) + 4, 'text-anchor': 'end'}, Number(mark.toPrecision(3)).toLocaleString()));
  }
  for (let i = 0; i <= 4; ++i) {
    const time = from + (to - from) * i / 4;
    const clock = new Date(time).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
    svg.append(s('text', {x: x(time), y: height - 6, 'text-anchor': i === 0 ? 'start' : i === 4 ? 'end' : 'middle'}, clock));
  }
  svg.append(s('text', {x: edge.left + 4, y: edge.top + 6, class: 'unit'}, unit));
  return {svg, x, y};
}

function legend(series) {
  return h('ul', {class: 'legend'}, series.map(({name, kind}) => h('li', {}, h('i', {class: kind}), name)));
}

/**
 * Bars on top of one another. `points`: [{time, <name>: value}], `series`: [{name, kind}], `span`: width of a bar in
 * milliseconds.
 */
export function bars(label, points, series, {from, to, span, unit}) {
  const sum = (point) => series.reduce((total, {name}) => total + (point[name] ?? 0), 0);
  const {svg, x, y} = frame(label, from, to, Math.max(1, ...points.map(sum)), unit);
  for (const point of points) {
    let below = 0;
    for (const {name, kind} of series) {
      const value = point[name] ?? 0;
      if (value === 0) continue;
      const wide = Math.max(1.5, x(point.time + span) - x(point.time) - 0.5);
      svg.append(s('rect', {x: x(point.time), width: wide, y: y(below + value), height: y(below) - y(below + value), class: kind},
        s('title', {}, `${new Date(point.time).toLocaleTimeString()}: ${value} ${name}`)));
      below += value;
    }
  }
  return h('figure', {}, h('figcaption', {}, label, legend(series)), svg);
}

/** A line a series; where there is no point for longer than `gap` milliseconds the line is broken. */
export function lines(label, points, series, {from, to, gap, unit}) {
  const highest = Math.max(1, ...points.flatMap((point) => series.map(({name}) => point[name] ?? 0)));
  const {svg, x, y} = frame(label, from, to, highest, unit);
  for (const {name, kind} of series) {
    let path = '';
    let before = -Infinity;
    for (const point of points) {
      if (point[name] === undefined) continue;
      const joined = point.time - before <= gap;
      path += `${joined ? 'L' : 'M'}${x(point.time).toFixed(1)} ${y(point[name]).toFixed(1)}`;
      svg.append(s('circle', {cx: x(point.time), cy: y(point[name]), r: 2.2, class: kind},
        s('title', {}, `${new Date(point.time).toLocaleTimeString()}: ${name} ${Math.round(point[name])} ms`)));
      before = point.time;
    }
    svg.append(s('path', {d: path, class: kind}));
  }
  return h('figure', {}, h('figcaption', {}, label, legend(series)), svg);
}
