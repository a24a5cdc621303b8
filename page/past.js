'use strict';

// What has happened: the last errors with their stacks, and the last events. Texts of the cluster are put in as text, whatever they are.

const { describe, markOf } = require('./texts');

const MOST_ERRORS = 20;
const MOST_EVENTS = 200;

class Past {
  #errors;
  #events;
  #texts;
  #clock;
  /** Newest first. */
  #known = { errors: [], events: [] };
  /** The stack that was opened here, and by nobody else. */
  #opened = null;

  constructor({ errors, events }) {
    this.#errors = errors;
    this.#events = events;
  }

  /** Everything anew, in this language. */
  build(texts, language) {
    this.#texts = texts;
    this.#clock = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium' });
    this.#errors.list.replaceChildren(...this.#known.errors.map((event) => this.#error(event)));
    this.#openNewest();
    this.#events.list.replaceChildren(...this.#known.events.map((event) => this.#event(event)));
    this.#tellEmpty();
  }

  /** `events`: new ones, oldest first, with their `time` in ms since 1970. */
  add(events) {
    for (const event of events) {
      // Who throws in a loop does not push out what else happened.
      if (event.type === 'error')
        this.#put(this.#errors.list, this.#known.errors, MOST_ERRORS, event, this.#error(event));
      else this.#put(this.#events.list, this.#known.events, MOST_EVENTS, event, this.#event(event));
    }
    if (events.some(({ type }) => type === 'error')) this.#openNewest();
    this.#tellEmpty();
  }

  /** In place of the one before, unless somebody reads another one. */
  #openNewest() {
    if (this.#opened) this.#opened.open = false;
    this.#opened = null;
    const all = [...this.#errors.list.querySelectorAll('details')];
    if (all.length === 0 || all.some(({ open }) => open)) return;
    [this.#opened] = all;
    this.#opened.open = true;
  }

  #put(list, known, most, event, item) {
    known.unshift(event);
    list.prepend(item);
    if (known.length > most) {
      known.pop();
      list.lastElementChild.remove();
    }
  }

  #tellEmpty() {
    this.#errors.empty.hidden = this.#known.errors.length > 0;
    this.#events.empty.hidden = this.#known.events.length > 0;
  }

  #error(event) {
    const item = document.createElement('li');
    const details = item.appendChild(document.createElement('details'));
    const summary = details.appendChild(document.createElement('summary'));
    summary.append(this.#time(event), element('span', 'what', describe(event, this.#texts)));
    if (event.fatal) summary.append(element('span', 'badge', this.#texts.fatal));
    details.append(element('pre', '', event.stack || `${event.name}: ${event.message}`));
    return item;
  }

  #event(event) {
    const item = element('li', markOf(event) ?? '', '');
    item.append(this.#time(event), element('span', 'what', describe(event, this.#texts)));
    return item;
  }

  #time({ time }) {
    const written = element('time', '', this.#clock.format(time));
    written.dateTime = new Date(time).toISOString();
    return written;
  }
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

module.exports = { Past, element };
