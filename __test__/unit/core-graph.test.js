'use strict';
// The parts of the core do not call each other in a ring: what one does the others hear as a fact (crates/core/src/facts.rs).

const path = require('node:path');
const { sources, code, callGraph, findCycle } = require('./support/call-graph');

const files = sources(path.join(__dirname, '../../crates/core/src'));

test('no file of the core calls one that calls it', () => {
  const calls = callGraph(files);
  // The check sees something: who is asked for what is known.
  expect(calls.get('lifecycle/supervision').get('lifecycle/starting')).toBeDefined();
  expect(calls.get('rollout/reload').get('lifecycle/draining')).toBeDefined();
  expect(calls.get('lib.rs').get('traffic/mod')).toBeDefined();
  expect(findCycle(calls)).toBeUndefined();
});

test.each([
  [
    'lifecycle/draining.rs',
    'impl Context { fn new_one(&mut self) { self.spawn(None); } }',
    ['lifecycle/starting', 'lifecycle/draining'],
  ],
  [
    'lifecycle/starting.rs',
    'fn tell(ctx: &mut Context, traffic: &mut Traffic) { traffic.draining(ctx, id); }',
    ['traffic/mod', 'lifecycle/starting'],
  ],
])('a ring is found: %s', (file, more, ring) => {
  const changed = files.map(([name, text]) => [name, name === file ? `${text}\n${code(more)}` : text]);
  expect(findCycle(callGraph(changed))).toEqual(expect.arrayContaining(ring));
});

test('two files have all parts of the core in hand, and one may look at them', () => {
  const naming = (pattern) => files.filter(([, text]) => pattern.test(text)).map(([name]) => name);
  expect(naming(/\bimpl Core\b/)).toEqual(['lib.rs', 'reactions.rs']);
  expect(naming(/&(?:'\w+ )?(?:mut )?Core\b/)).toEqual(['view.rs']);
  expect(naming(/&(?:'\w+ )?mut Core\b/)).toEqual([]);
});
