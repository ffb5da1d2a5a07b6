// Draws plots over time as SVG.

import {h, s} from './dom.js';

const width = 640;
const height = 200;
const padding = {left: 56, right: 8, top: 10, bottom: 24};

/** Returns the values of about four grid lines: round numbers from 0 to at least `highest`. */
function ticks(highest) {
  const minStep = Math.max(highest, 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(minStep));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= minStep);
  return Array.from({length: Math.ceil(highest / step) + 1}, (_, i) => i * step);
}

/** Draws the grid and both axes. Returns the drawing and two functions that map times to x and values to y. */
function frame(label, from, to, highest, unit) {
  const marks = ticks(highest);
  const top = marks.at(-1) || 1;
  const x = (time) => padding.left + (width - padding.left - padding.right) * (time - from) / (to - from);
  const y = (value) => height - padding.bottom - (height - padding.top - padding.bottom) * value / top;
  const svg = s('svg', {viewBox: `0 0 ${width} ${height}`, class: 'plot', role: 'img', 'aria-label': label});
  for (const mark of marks) {
    svg.append(s('line', {x1: padding.left, x2: width - padding.right, y1: y(mark), y2: y(mark), class: 'grid'}),
      s('text', {x: padding.left - 6, y: y(mark) + 4, 'text-anchor': 'end'},
        Number(mark.toPrecision(3)).toLocaleString()));
  }
  for (let i = 0; i <= 4; ++i) {
    const time = from + (to - from) * i / 4;
    const clock = new Date(time).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
    const anchor = i === 0 ? 'start' : i === 4 ? 'end' : 'middle';
    svg.append(s('text', {x: x(time), y: height - 6, 'text-anchor': anchor}, clock));
  }
  svg.append(s('text', {x: padding.left + 4, y: padding.top + 6, class: 'unit'}, unit));
  return {svg, x, y};
}

function legend(series) {
  return h('ul', {class: 'legend'}, series.map(({name, kind}) => h('li', {}, h('i', {class: kind}), name)));
}

/**
 * Draws stacked bars. `points` is a list of {time, <name of a series>: value}. `series` is a list of {name, kind}, in
 * which `kind` is a CSS class. `span` is the width of a bar in milliseconds.
 */
export function bars(label, points, series, {from, to, span, unit}) {
  const sum = (point) => series.reduce((total, {name}) => total + (point[name] ?? 0), 0);
  const {svg, x, y} = frame(label, from, to, Math.max(1, ...points.map(sum)), unit);
  for (const point of points) {
    let base = 0;
    for (const {name, kind} of series) {
      const value = point[name] ?? 0;
      if (value === 0) continue;
      svg.append(s('rect', {
        x: x(point.time), width: Math.max(1.5, x(point.time + span) - x(point.time) - 0.5),
        y: y(base + value), height: y(base) - y(base + value), class: kind,
      }, s('title', {}, `${new Date(point.time).toLocaleTimeString()}: ${value} ${name}`)));
      base += value;
    }
  }
  return h('figure', {}, h('figcaption', {}, label, legend(series)), svg);
}

/**
 * Draws one line per series; see bars(). Interrupts a line between consecutive points that are more than `gap`
 * milliseconds apart.
 */
export function lines(label, points, series, {from, to, gap, unit}) {
  const highest = Math.max(1, ...points.flatMap((point) => series.map(({name}) => point[name] ?? 0)));
  const {svg, x, y} = frame(label, from, to, highest, unit);
  for (const {name, kind} of series) {
    let path = '';
    let before = -Infinity;
    for (const point of points) {
      if (point[name] === undefined) continue;
      const connected = point.time - before <= gap;
      path += `${connected ? 'L' : 'M'}${x(point.time).toFixed(1)} ${y(point[name]).toFixed(1)}`;
      svg.append(s('circle', {cx: x(point.time), cy: y(point[name]), r: 2.2, class: kind},
        s('title', {}, `${new Date(point.time).toLocaleTimeString()}: ${name} ${Math.round(point[name])} ${unit}`)));
      before = point.time;
    }
    svg.append(s('path', {d: path, class: kind}));
  }
  return h('figure', {}, h('figcaption', {}, label, legend(series)), svg);
}
