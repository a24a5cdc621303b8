'use strict';

const { OftenWarned } = require('../../lib/register/often');

/** The numbers of those that are told. */
function warnings(...calls) {
  const told = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const often = new OftenWarned();
  for (const call of calls) call(often);
  return told.mock.calls.map(([message]) => message);
}

const warn = (worker, kind, times) => (often) => {
  for (let n = 0; n < times; n++) often.warn(worker, kind, 'CLUSTER_PROTOCOL_ERROR', `${worker} ${kind}.`);
};

afterEach(() => jest.restoreAllMocks());

test('the first is told, and then ever fewer', () => {
  const so = (count) => `1 a. There were ${count} of these so far.`;
  expect(warnings(warn(1, 'a', 1000))).toEqual(['1 a.', ...[2, 4, 8, 16, 32, 64, 128, 256, 512].map(so)]);
});

test('each worker and kind is counted by itself, until that worker is gone', () => {
  const forget = (often) => often.forget(1);
  const told = warnings(warn(1, 'a', 3), warn(1, 'b', 1), warn(2, 'a', 1), forget, warn(1, 'a', 1), warn(2, 'a', 1));
  const [first, ...others] = ['1 a.', '1 b.', '2 a.', '1 a.'];
  expect(told).toEqual([first, '1 a. There were 2 of these so far.', ...others, '2 a. There were 2 of these so far.']);
});
