// Functions that create the elements of the page. They insert text as text, never as HTML, because names are untrusted.

/**
 * Sets attributes and event listeners (such as `onclick`) of an element and appends its children. Skips properties that
 * are null, undefined or false, and children that are null or undefined.
 */
function fill(element, properties, children) {
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
  return fill(document.createElement(tag), properties, children);
}

/** Creates an SVG element; see h(). */
export function s(tag, properties, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);
}

/** Creates a button. `style` is its CSS class, such as primary, quiet or danger. */
export function button(text, style, onclick, properties) {
  return h('button', {type: 'button', class: style, onclick, ...properties}, text);
}

/** Returns a time relative to now: "just now", "5 min ago". From 24 hours on, returns the date. */
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time).toLocaleDateString();
}

/** Creates an element that shows a relative time; refreshTimes() keeps it up to date. */
export function timeAgo(time) {
  return h('time', {datetime: time, title: new Date(time).toLocaleString()}, ago(time));
}

/** Starts to update all elements of timeAgo() once per second. */
export function refreshTimes() {
  setInterval(() => {
    for (const element of document.querySelectorAll('time[datetime]')) {
      const text = ago(element.dateTime);
      if (element.textContent !== text) element.textContent = text;
    }
  }, 1000);
}

/** Returns a number with a noun in the singular or plural: "1 face", "2 faces". */
export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

export function capitalise(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Shows a notification: for 5 seconds if `kind` is good, for 10 if it is bad (an error). */
export function notify(text, kind = 'good') {
  const notification = h('p', {class: `notification ${kind}`}, text);
  document.querySelector('#notifications').append(notification);
  setTimeout(() => notification.remove(), kind === 'bad' ? 10000 : 5000);
}

/** Creates the message that a view shows while it has no content, such as a list without entries. */
export function emptyState(title, text) {
  return h('div', {class: 'empty'}, h('h2', {}, title), h('p', {}, text));
}

/** Creates a description list from rows [name, value]. Skips rows that are false, null or undefined. */
export function facts(rows) {
  return h('dl', {class: 'facts'},
    rows.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

/**
 * Opens a modal dialog. `content` is a function that receives a function close(value) and returns the children of the
 * dialog; children that are null are skipped. Resolves with the value passed to close(), or with undefined if the user
 * dismissed the dialog.
 */
export function dialog(label, content, style = '') {
  return new Promise((resolve) => {
    let result;
    const element = h('dialog', {'aria-label': label, class: style});
    const close = (value) => {
      result = value;
      element.close();
    };
    fill(element, {}, [button('×', 'close', () => close(), {'aria-label': 'Close'}), content(close)]);
    element.addEventListener('close', () => {
      element.remove();
      resolve(result);
    });
    // A click outside the content has the dialog itself as its target.
    element.addEventListener('click', (event) => {
      if (event.target === element) close();
    });
    document.body.append(element);
    element.showModal();
  });
}

/** Returns a message of the gateway without the remedy after its last semicolon, as a sentence. */
export function withoutRemedy(message) {
  const end = message.lastIndexOf('; ');
  return `${capitalise(end < 0 ? message : message.slice(0, end))}.`;
}

/** Shows a confirmation dialog; `action` is the text of its button. Resolves with true if the user confirmed. */
export function confirm(title, text, action) {
  return dialog(title, (close) => [
    h('h2', {}, title),
    h('p', {}, text),
    h('div', {class: 'actions'}, button('Cancel', 'quiet', () => close(false)),
      button(action, 'danger', () => close(true))),
  ]);
}

/**
 * Prompts the user for a line of text. `value` is its initial value, `action` the text of the button, and `suggestions`
 * are offered while the user types. Resolves with the text, or with undefined if the user cancels.
 */
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

/** Creates the list of suggestions for the input whose attribute `list` is `id`. */
export function nameList(id, names) {
  return h('datalist', {id}, names.map((name) => h('option', {value: name})));
}
