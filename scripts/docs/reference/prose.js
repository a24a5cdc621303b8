'use strict';
// Comments of the declarations as Markdown.

const { slug } = require('../markdown');

const PAGES = {
  ClusterConfig: 'configuration.md',
  ClusterEvents: 'events.md',
  ProcessEvents: 'events.md',
  ClusterErrorCode: 'errors.md#clustererrorcode',
  ChildErrorCode: 'errors.md#childerrorcode',
  ClusterWarningCode: 'errors.md#clusterwarningcode',
};
/** What a section of api.md calls an object of this class. */
const OBJECTS = {
  Cluster: 'cluster',
  ClusterChild: 'child',
  ClusterWorker: 'worker',
  ClusterAlone: 'alone',
  ClusterError: 'error',
};
const FUNCTIONS = [
  ...['startCluster', 'createCluster', 'request', 'job', 'onRequest', 'sendmessage'],
  ...['connectCluster', 'listClusters'],
  ...['subscribe', 'once', 'unsubscribe', 'publish', 'fence'],
  ...['getAloneClient', 'getWorkerClient'],
];

/** The heading of a function, of a class's member or of a type in api.md. */
function heading(name, owner, isMethod) {
  if (owner) return `${OBJECTS[owner]}${name.startsWith('[') ? name : `.${name}`}${isMethod ? '()' : ''}`;
  return FUNCTIONS.includes(name) ? `${name}()` : name;
}

/** Where `name`, as a comment in `owner` says it, is explained, seen from `page`. */
function target(name, owner, page) {
  const [first, second] = name.split('.');
  const known = PAGES[name] ?? `api.md#${slug(second ? heading(second, first, true) : inOwner(first, owner))}`;
  return known.startsWith(`${page}#`) ? known.slice(page.length) : known;
}

const inOwner = (name, owner) => (OBJECTS[owner] && /^[a-z]/.test(name) ? heading(name, owner, true) : heading(name));

const linked = (text, owner, page) =>
  text.replace(/\{@link ([\w.]+)\}/g, (_all, name) => `[\`${name}\`](${target(name, owner, page)})`);

/** Outside of code `<` would begin an element. */
const escaped = (text) => text.replace(/(`[^`]*`)|</g, (_all, code) => code ?? '&lt;');

/** Paragraphs and list items on one line each. */
function unwrapped(text) {
  const lines = [];
  for (const line of text.split('\n').map((each) => each.trim())) {
    const begins = line === '' || line.startsWith('- ') || lines.length === 0 || lines.at(-1) === '';
    if (begins) lines.push(line);
    else lines[lines.length - 1] += ` ${line}`;
  }
  return lines.join('\n');
}

const markdown = (text, { owner, page }) => escaped(linked(unwrapped(text), owner, page));

/** In a cell of a table: one line, no bars. */
const cell = (text) => text.replace(/\n+(?:- )?/g, ' ').replaceAll('|', '\\|');
const code = (text) => (text ? `\`${text}\`` : '');

const SENTENCE = /(?:`[^`]*`|[^.`]|\.(?!\s|$))+/.source;

/** What a comment says after `Default:`, and the rest of it. */
function withDefault(text) {
  const one = unwrapped(text);
  const found = new RegExp(`(?:^| )Default: (${SENTENCE})\\.(?=\\s|$)`).exec(one);
  if (!found) return { text: one };
  return { text: `${one.slice(0, found.index)}${one.slice(found.index + found[0].length)}`.trim(), value: found[1] };
}

module.exports = { FUNCTIONS, heading, target, markdown, cell, code, withDefault };
