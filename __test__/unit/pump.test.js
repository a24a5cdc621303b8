'use strict';

const { once, EventEmitter } = require('node:events');
const { execFileSync } = require('node:child_process');
const { Pump } = require('../../lib/native/pump');

/** A pump over these batches. As the master does, it wakes again in another turn when there is more. */
function pumpOver(batches, handle) {
  const pump = new Pump(() => {
    const batch = batches.shift() ?? [];
    if (batches.length > 0) setImmediate(() => pump.wake());
    return batch;
  }, handle);
  return pump;
}

/** The same, which emits each event by its name. */
function emitterOver(batches) {
  const emitter = new EventEmitter();
  return { emitter, pump: pumpOver(batches, (event) => emitter.emit(event, event)) };
}

test('code that awaits one event after the other misses none', async () => {
  const { emitter, pump } = emitterOver([['a', 'b'], ['c']]);
  const first = once(emitter, 'a');
  pump.wake();
  await first;
  await Promise.resolve().then(() => {});
  await once(emitter, 'b');
  await (async () => once(emitter, 'c'))();
});

test('every event comes once and in order, however often it is woken', async () => {
  const events = Array.from({ length: 100 }, (_, i) => `e${i}`);
  const seen = [];
  const batches = [events.slice(0, 50), events.slice(50), ['end']];
  const end = new Promise((resolve) => {
    const pump = pumpOver(batches, (event) => (seen.push(event), event === 'end' && resolve()));
    for (let i = 0; i < 10; i++) pump.wake();
  });
  await end;
  expect(seen).toEqual([...events, 'end']);
});

test('between two batches the event loop turns', async () => {
  const seen = [];
  const end = new Promise((resolve) => {
    const pump = pumpOver([['a', 'b'], ['c']], (event) => (seen.push(event), event === 'c' && resolve()));
    setImmediate(() => seen.push('turn'));
    pump.wake();
  });
  await end;
  expect(seen).toEqual(['a', 'b', 'turn', 'c']);
});

test('it can be woken again', async () => {
  const batches = [];
  const { emitter, pump } = emitterOver(batches);
  for (const name of ['a', 'b']) {
    batches.push([name]);
    const seen = once(emitter, name);
    pump.wake();
    await seen;
  }
});

test('find() reads ahead and takes nothing away', async () => {
  const { emitter, pump } = emitterOver([['a'], ['b'], ['c']]);
  const seen = [];
  for (const name of ['a', 'b', 'c']) emitter.on(name, () => seen.push(name));
  expect(pump.find((event) => event === 'b')).toBe('b');
  expect(pump.find((event) => event === 'z')).toBeUndefined();
  expect(seen).toEqual([]);
  const last = once(emitter, 'c');
  pump.wake();
  await last;
  expect(seen).toEqual(['a', 'b', 'c']);
});

test('a listener that throws is an uncaught exception, and loses no other event', () => {
  const code = `
    const { Pump } = require(${JSON.stringify(require.resolve('../../lib/native/pump'))});
    const batches = [['a', 'b', 'c']];
    process.on('uncaughtException', (error) => console.log(error.message));
    new Pump(() => batches.shift() ?? [], (event) => { throw new Error(event); }).wake();`;
  expect(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' })).toBe('a\nb\nc\n');
});
