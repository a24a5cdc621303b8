'use strict';
// What a process is told of the others, by events on `process`.

const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startWorker } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

const script = (source) => {
  const name = 'worker.js';
  const listens = `
    const listen = (name, how = 'on') => process[how]('yunfly:' + name, (event) => process.send({ [name]: event }));
    process.on('message', (code) => eval(code));
    process.send({ up: true });`;
  return path.join(folder({ [name]: `${listens}\n${source}` }), name);
};

/** What it has heard, each as `{ name: event }`, once everything that it was told has come. */
async function heard(child) {
  child.send('setImmediate(() => process.send({ end: true }))');
  await child.sends('end');
  return child.messages.splice(0).filter((message) => !('up' in message || 'end' in message));
}

const pids = { joined: [1, 2], left: [], alone: 3 };
const first = [
  { ready: { workers: [1, 2], alone: 3 } },
  { workers: { pids: [1, 2], joined: [1, 2], left: [] } },
  { alone: { pid: 3 } },
];

test('who does not listen does not ask, whatever else it listens to', async () => {
  const child = startWorker(script("process.on('yunfly:drain', () => {}); process.on(Symbol('x'), () => {});"));
  await child.sends('up');
  expect(await heard(child)).toEqual([]);
  expect(child.acts).not.toContain('watch');
});

test('who listens asks once, and hears how it is and what changes', async () => {
  const child = startWorker(script("['ready', 'workers', 'alone'].forEach((name) => listen(name));"));
  await child.tells('watch');
  expect(await heard(child)).toEqual([]);
  child.tell('members', pids);
  expect(await heard(child)).toEqual(first);
  child.tell('members', { joined: [4], left: [1] });
  child.tell('members', { joined: [], left: [], alone: null });
  child.tell('members', { joined: [], left: [4], alone: 5 });
  expect(await heard(child)).toEqual([
    { workers: { pids: [2, 4], joined: [4], left: [1] } },
    { alone: { pid: null } },
    { workers: { pids: [2], joined: [], left: [4] } },
    { alone: { pid: 5 } },
  ]);
  expect(child.acts.filter((act) => act === 'watch')).toHaveLength(1);
});

test('each change is told once, however close they follow each other', async () => {
  const child = startWorker(script("listen('workers');"));
  await child.tells('watch');
  const receive = `require(${JSON.stringify(path.join(__dirname, '../../lib/preload/members'))}).receive`;
  child.send(`${receive}(${JSON.stringify(pids)}); ${receive}({ joined: [3], left: [1] });`);
  expect(await heard(child)).toEqual([
    { workers: { pids: [1, 2], joined: [1, 2], left: [] } },
    { workers: { pids: [2, 3], joined: [3], left: [1] } },
  ]);
});

test('the first listener of each event hears how it is then', async () => {
  const child = startWorker(script("listen('alone');"));
  await child.tells('watch');
  child.tell('members', pids);
  child.tell('members', { joined: [], left: [2] });
  expect(await heard(child)).toEqual([{ alone: { pid: 3 } }]);
  child.send("listen('ready', 'once'); listen('workers'); listen('workers');");
  const workers = { workers: { pids: [1], joined: [1], left: [] } };
  expect(await heard(child)).toEqual([{ ready: { workers: [1], alone: 3 } }, workers, workers]);
  child.send("listen('workers');");
  expect(await heard(child)).toEqual([]);
});

test('what a listener throws takes no event from others', async () => {
  const child = startWorker(
    script(`
      process.on('uncaughtException', ({ message }) => process.send({ thrown: message }));
      process.on('yunfly:ready', () => { throw new Error('mine'); });
      listen('workers');
      listen('alone');`),
  );
  await child.tells('watch');
  child.tell('members', pids);
  expect(await heard(child)).toEqual([{ thrown: 'mine' }, ...first.slice(1)]);
});
