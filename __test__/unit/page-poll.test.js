'use strict';
// When the page asks, and what.

const { poll } = require('../../page/poll');

/** A page that sees `answers`, and what it asked. */
function opened(answers) {
  const asked = [];
  let listener;
  globalThis.document = { hidden: false, addEventListener: (_, listen) => (listener = listen) };
  globalThis.fetch = async (url) => {
    asked.push(url);
    const answer = await answers(url);
    return { ok: true, json: async () => answer };
  };
  const [tell, fail] = [jest.fn(), jest.fn()];
  poll({ tell, fail });
  const show = (isVisible) => {
    globalThis.document.hidden = !isVisible;
    listener();
  };
  return { asked, fail, show, tell, take: () => asked.splice(0) };
}

const { fetch } = globalThis;
const news = (last, startedAt = 1) => ({ startedAt, last, events: [] });

beforeEach(() => jest.useFakeTimers());

afterEach(() => {
  jest.useRealTimers();
  delete globalThis.document;
  globalThis.fetch = fetch;
});

test('once a second, for what is new', async () => {
  let last = 3;
  const { take, tell } = opened((url) => (url === 'stats' ? { title: 't' } : news(last)));
  await jest.advanceTimersByTimeAsync(0);
  expect(take()).toEqual(['stats', 'events?after=0']);
  expect(tell).toHaveBeenCalledWith({ stats: { title: 't' }, news: news(3) });
  await jest.advanceTimersByTimeAsync(999);
  expect(take()).toEqual([]);
  last = 5;
  await jest.advanceTimersByTimeAsync(1);
  expect(take()).toEqual(['stats', 'events?after=3']);
  await jest.advanceTimersByTimeAsync(1000);
  expect(take()).toEqual(['stats', 'events?after=5']);
});

test('not while nobody sees it, and at once when somebody does again', async () => {
  const { show, take } = opened(() => news(0));
  await jest.advanceTimersByTimeAsync(0);
  take();
  show(false);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(take()).toEqual([]);
  show(true);
  await jest.advanceTimersByTimeAsync(0);
  expect(take()).toEqual(['stats', 'events?after=0']);
});

test('again after a second when nobody answers', async () => {
  const { fail, take, tell } = opened(() => Promise.reject(new TypeError('Failed to fetch')));
  await jest.advanceTimersByTimeAsync(0);
  expect(fail).toHaveBeenCalledTimes(1);
  await jest.advanceTimersByTimeAsync(1000);
  expect(take()).toEqual(['stats', 'stats']);
  expect(tell).not.toHaveBeenCalled();
});

test('another cluster is asked for everything', async () => {
  let startedAt = 1;
  const { take } = opened((url) => (url === 'stats' ? {} : news(9, startedAt)));
  await jest.advanceTimersByTimeAsync(0);
  take();
  startedAt = 2;
  await jest.advanceTimersByTimeAsync(1000);
  expect(take()).toEqual(['stats', 'events?after=9', 'events']);
});
