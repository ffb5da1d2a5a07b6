// Building blocks of the page. Text is always inserted as text, never as HTML: names are untrusted input.

function make(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Creates an HTML element: h('a', {href: '#', onclick: f}, 'text', element, [more]). */
export function h(tag, properties, ...children) {
  return make(document.createElement(tag), properties, children);
}

/** Creates an SVG element. */
export function s(tag, properties, ...children) {
  return make(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);
}

/** Creates a button. `look` is primary, quiet or danger. */
export function button(text, look, onclick, properties) {
  return h('button', {type: 'button', class: look, onclick, ...properties}, text);
}

/** Returns a relative time: "just now", "5 min ago". */
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time).toLocaleDateString();
}

/** Creates an element with a relative time, which refreshTimes() keeps up to date. */
export function timeAgo(time) {
  return h('time', {datetime: time, title: new Date(time).toLocaleString()}, ago(time));
}

export function refreshTimes() {
  setInterval(() => {
    for (const element of document.querySelectorAll('time[datetime]')) {
      const text = ago(element.dateTime);
      if (element.textContent !== text) element.textContent = text;
    }
  }, 1000);
}

/** Returns "1 face", "2 faces". */
export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

export function capitalise(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Shows a notification for some seconds. `kind` is good or bad. */
export function notify(text, kind = 'good') {
  const line = h('p', {class: `notification ${kind}`}, text);
  document.querySelector('#notifications').append(line);
  setTimeout(() => line.remove(), kind === 'bad' ? 10000 : 5000);
}

/** Creates the placeholder of an empty view. */
export function emptyState(title, text) {
  return h('div', {class: 'empty'}, h('h2', {}, title), h('p', {}, text));
}

/** Creates a list of names and values. Skips rows that are false. */
export function facts(rows) {
  return h('dl', {class: 'facts'},
    rows.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

/**
 * Opens a modal dialog. `fill(close)` returns its content. Resolves with the argument of close(), or with undefined if
 * the user dismissed the dialog.
 */
export function dialog(label, fill, look = '') {
  return new Promise((resolve) => {
    let answer;
    const element = h('dialog', {'aria-label': label, class: look});
    const close = (value) => {
      answer = value;
      element.close();
    };
    element.append(button('×', 'close', () => close(), {'aria-label': 'Close'}), ...[fill(close)].flat());
    element.addEventListener('close', () => {
      element.remove();
      resolve(answer);
    });
    // A click outside the content hits the dialog itself.
    element.addEventListener('click', (event) => {
      if (event.target === element) close();
    });
    document.body.append(element);
    element.showModal();
  });
}

/** Shows a confirmation dialog. Resolves with true if the user confirmed. */
export function confirm(title, text, action) {
  return dialog(title, (close) => [
    h('h2', {}, title),
    h('p', {}, text),
    h('div', {class: 'actions'}, button('Cancel', 'quiet', () => close(false)),
      button(action, 'danger', () => close(true))),
  ]);
}

/** Prompts the user for a line of text and offers `suggestions`. */
export function prompt(title, label, value, action, suggestions = []) {
  return dialog(title, (close) => {
    const input = h('input', {
      value, required: true, maxlength: 200, autofocus: true, list: 'prompt-names', autocomplete: 'off',
    });
    return [
      h('h2', {}, title),
      h('form', {onsubmit: (event) => {
        event.preventDefault();
        close(input.value);
      }},
      h('label', {}, label, input), nameList('prompt-names', suggestions),
      h('div', {class: 'actions'}, button('Cancel', 'quiet', () => close()),
        h('button', {class: 'primary'}, action))),
    ];
  });
}

/** Creates the suggestions of an input whose `list` is `id`. */
export function nameList(id, names) {
  return h('datalist', {id}, names.map((name) => h('option', {value: name})));
}
