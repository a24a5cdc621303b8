'use strict';

const { PassThrough } = require('node:stream');
const { Screen } = require('../../lib/cli/screen');

/** A stream that says of itself what a terminal's does. */
function stream(properties) {
  const made = Object.assign(new PassThrough(), properties);
  made.setEncoding('utf8');
  return made;
}

const terminal = (columns = 40) => stream({ isTTY: true, columns });
const NO_COLORS = { TERM: 'xterm', NO_COLOR: '1' };

test('no terminal: lines only', () => {
  const out = stream();
  const screen = new Screen(out, {});
  screen.live('1/2 workers ready');
  screen.print('a line', 'another');
  screen.live('');
  expect(out.read()).toBe('a line\nanother\n');
  expect(screen.width).toBe(Infinity);
});

test('a terminal: the live line is drawn in place, and again below each line', () => {
  const out = terminal();
  const screen = new Screen(out, NO_COLORS);
  screen.live('1/2');
  screen.live('1/2');
  screen.live('2/2');
  screen.print('a line');
  screen.live('');
  expect(out.read()).toBe('\x1b[K1/2\r\x1b[K2/2\r\x1b[Ka line\n\x1b[K2/2\r\x1b[K');
});

test('the live line never wraps', () => {
  const out = terminal(10);
  new Screen(out, NO_COLORS).live('10/20 workers ready');
  expect(out.read()).toBe('\x1b[K10/20 wo…\r');
});

test('a dumb terminal is none', () => {
  const out = terminal();
  const screen = new Screen(out, { TERM: 'dumb' });
  screen.live('1/2');
  screen.print(screen.colors.green('ready'));
  expect(out.read()).toBe('ready\n');
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
