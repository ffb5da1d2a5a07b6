// Making elements. Text always goes in as text: names come from other people.

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

/** h('a', {href: '#', onclick: f}, 'text', element, [more]) */
export function h(tag, properties, ...children) {
  return make(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function s(tag, properties, ...children) {
  return make(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);
}

/** A button. `look`: primary, quiet or danger. */
export function button(text, look, onclick, properties) {
  return h('button', {type: 'button', class: look, onclick, ...properties}, text);
}

/** "just now", "5 min ago". */
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time).toLocaleDateString();
}

/** A time that goes on being true: see keepTimes(). */
export function since(time) {
  return h('time', {datetime: time, title: new Date(time).toLocaleString()}, ago(time));
}

export function keepTimes() {
  setInterval(() => {
    for (const element of document.querySelectorAll('time[datetime]')) {
      const text = ago(element.dateTime);
      if (element.textContent !== text) element.textContent = text;
    }
  }, 1000);
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** Tells of something for a while. `kind`: good or bad. */
export function note(text, kind = 'good') {
  const line = h('p', {class: `note ${kind}`}, text);
  document.querySelector('#notes').append(line);
  setTimeout(() => line.remove(), kind === 'bad' ? 10000 : 5000);
}

/** What a view shows when there is nothing to show. */
export function nothing(title, text) {
  return h('div', {class: 'nothing'}, h('h2', {}, title), h('p', {}, text));
}

/**
 * A dialog over the page. `fill(close)` gives what is in it. Resolves with what close() was given when it is gone;
 * undefined if it was dismissed.
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
    element.addEventListener('click', (event) => {
      if (event.target === element) close();
    });
    document.body.append(element);
    element.showModal();
  });
}

/** Asks before something is done that can't be undone. */
export function confirm(title, text, action) {
  return dialog(title, (close) => [
    h('h2', {}, title),
    h('p', {}, text),
    h('div', {class: 'actions'}, button('Cancel', 'quiet', () => close(false)),
      button(action, 'danger', () => close(true))),
  ]);
}

/** Asks for a line of text; `suggestions` are offered. */
export function prompt(title, label, value, action, suggestions = []) {
  return dialog(title, (close) => {
    const input = h('input', {value, required: true, maxlength: 200, autofocus: true, list: 'prompt-names', autocomplete: 'off'});
    return [
      h('h2', {}, title),
      h('form', {onsubmit: (event) => {
        event.preventDefault();
        close(input.value);
      }},
      h('label', {}, label, input), names('prompt-names', suggestions),
      h('div', {class: 'actions'}, button('Cancel', 'quiet', () => close()),
        h('button', {class: 'primary'}, action))),
    ];
  });
}

export function names(id, all) {
  return h('datalist', {id}, all.map((name) => h('option', {value: name})));
}
