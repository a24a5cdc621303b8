'use strict';
// What profile() may be given; what becomes of it: __test__/e2e/cli/profile.test.js.

const path = require('node:path');
const { checkProfile, profileOrder } = require('../../lib/config/profile');

test.each([
  [undefined, 'its options must be an object with a `kind`, but are undefined.'],
  [{}, "`kind` must be 'cpu', 'heap', 'heapSampling' or 'report', but is undefined."],
  [{ kind: 'toString' }, "`kind` must be 'cpu'"],
  [{ kind: 'cpu', duration: 600_001 }, '`duration` must be a number of milliseconds from 1 to 600000, but is 600001.'],
  [{ kind: 'cpu', duration: 0.5 }, '`duration` must be'],
  [{ kind: 'cpu', file: '' }, '`file` must be a path'],
  [{ kind: 'heap', inPlace: 'yes' }, "`inPlace` must be true or false, but is 'yes'."],
  [{ kind: 'heap', signal: {} }, '`signal` must be an AbortSignal'],
  // As a request has it.
  [{ kind: 'heap', signal: { aborted: false } }, '`signal` must be an AbortSignal'],
  [{ kind: 'heap', output: 'x' }, '`output` is not an option. The options are: kind, duration, file, inPlace, signal.'],
])('%j is refused', (options, message) => {
  expect(() => checkProfile(options)).toThrow(
    expect.objectContaining({ code: 'ERR_PROFILE_INVALID', message: expect.stringContaining(`profile(): ${message}`) }),
  );
});

test('what is given is kept, what is not has its default', () => {
  const { signal } = new AbortController();
  const options = { kind: 'cpu', duration: 500, file: 'a/b', signal, inPlace: undefined };
  expect(() => checkProfile(options)).not.toThrow();
  const whose = { title: 'shop', slot: 1, pid: 7 };
  expect(profileOrder(options, whose)).toEqual({
    kind: 'cpu',
    duration: 500,
    file: path.resolve('a/b'),
    inPlace: false,
  });
  expect(profileOrder({ kind: 'heap' }, whose).duration).toBe(10_000);
});

test.each([
  ['cpu', { title: 'shop', slot: 1, pid: 7 }, /^shop-worker-1-7-\d{8}-\d{9}\.cpuprofile$/],
  ['heap', { title: 'my/shop 商店', slot: 'alone', pid: 7 }, /^my_shop_商店-alone-7-\d{8}-\d{9}\.heapsnapshot$/],
  ['heapSampling', { title: 'shop', slot: undefined, pid: 7 }, /^shop-worker-standby-7-.*\.heapprofile$/],
  ['report', { title: 'shop', slot: 2, pid: 7 }, /^shop-worker-2-7-.*\.json$/],
])('without a file: one in the current directory, whose name says what it is: %s', (kind, whose, name) => {
  const { file } = profileOrder({ kind }, whose);
  expect(path.dirname(file)).toBe(process.cwd());
  expect(path.basename(file)).toMatch(name);
});

test('a signal of another realm is one, too', () => {
  const signal = require('node:vm').runInNewContext('({ aborted: false, addEventListener() {} })');
  expect(() => checkProfile({ kind: 'cpu', signal })).not.toThrow();
});
