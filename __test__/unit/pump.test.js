'use strict';

const { once, EventEmitter } = require('node:events');
const { execFileSync } = require('node:child_process');
const { Pump } = require('../../lib/pump');

/** A pump over these batches, that emits each event by its name. */
function pumpOver(batches) {
  const emitter = new EventEmitter();
  const pump = new Pump(
    () => batches.shift() ?? [],
    (event) => emitter.emit(event, event),
  );
  return { emitter, pump };
}

test('who awaits one event after the other misses none', async () => {
  const { emitter, pump } = pumpOver([['a', 'b'], ['c']]);
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
  const pump = new Pump(() => batches.shift() ?? [], (event) => seen.push(event));
  for (let i = 0; i < 10; i++) pump.wake();
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual([...events, 'end']);
});

test('it can be woken again', async () => {
  const batches = [];
  const { emitter, pump } = pumpOver(batches);
  for (const name of ['a', 'b']) {
    batches.push([name]);
    const seen = once(emitter, name);
    pump.wake();
    await seen;
  }
});

test('find() reads ahead and takes nothing away', async () => {
  const { emitter, pump } = pumpOver([['a'], ['b'], ['c']]);
  const seen = [];
  for (const name of ['a', 'b', 'c']) emitter.on(name, () => seen.push(name));
  expect(pump.find((event) => event === 'b')).toBe('b');
  expect(pump.find((event) => event === 'z')).toBeUndefined();
  expect(seen).toEqual([]);
  pump.wake();
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['a', 'b', 'c']);
});

test('a listener that throws is an uncaught exception, and loses no other event', () => {
  const code = `
    const { Pump } = require(${JSON.stringify(require.resolve('../../lib/pump'))});
    const batches = [['a', 'b'], ['c']];
    process.on('uncaughtException', (error) => console.log(error.message));
    new Pump(() => batches.shift() ?? [], (event) => { throw new Error(event); }).wake();`;
  expect(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' })).toBe('a\nb\nc\n');
});
