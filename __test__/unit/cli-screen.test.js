'use strict';

const { PassThrough } = require('node:stream');
const { Screen } = require('../../lib/cli/screen');

/** A stream that says of itself what a terminal's does. */
function stream(properties) {
  const made = Object.assign(new PassThrough(), properties);
  made.setEncoding('utf8');
  return made;
}

test.each([
  ['a file', {}, { TERM: 'xterm' }, false, Infinity],
  ['a terminal', { isTTY: true, columns: 40 }, { TERM: 'xterm' }, true, 40],
  ['one that does not tell its width', { isTTY: true }, { TERM: 'xterm' }, true, 80],
  ['a dumb terminal', { isTTY: true, columns: 40 }, { TERM: 'dumb' }, false, Infinity],
])('%s: its width; whole lines', (_what, properties, env, isTerminal, width) => {
  const out = stream(properties);
  const screen = new Screen(out, env);
  screen.print('a line', 'another');
  expect(out.read()).toBe('a line\nanother\n');
  expect(screen).toMatchObject({ isTerminal, width });
});

test.each([
  ['a terminal', true, { TERM: 'xterm' }, true],
  ['a terminal with NO_COLOR', true, { TERM: 'xterm', NO_COLOR: '1' }, false],
  ['a pipe', false, { TERM: 'xterm' }, false],
  ['a pipe in CI', false, { CI: 'true' }, false],
  ['a pipe with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
  ['a terminal with FORCE_COLOR=0', true, { TERM: 'xterm', FORCE_COLOR: '0' }, false],
])('colours: %s', (_what, isTTY, env, expected) => {
  expect(new Screen(stream({ isTTY }), env).colors.isColorSupported).toBe(expected);
});

test('a stream that nobody reads any more', async () => {
  const out = stream();
  const screen = new Screen(out, {});
  const closed = new Promise((resolve) => out.once('close', resolve));
  out.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await closed;
  expect(() => screen.print('a line')).not.toThrow();
});
