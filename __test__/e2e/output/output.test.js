'use strict';

const fs = require('node:fs');
const { test } = require('../support/at-once');
const { fixture, launch, start } = require('../support/cluster');
const { request } = require('../support/client');
const { script } = require('../support/files');
const { isAlive } = require('../support/processes');
const { until } = require('../support/until');

const LISTEN = "require('node:http').createServer().listen(0);";
const NAME = '`worker ${process.env.NODE_APP_INSTANCE * 1 + 1}`';

/** As it ends it prints so many lines of 200 characters and their number. */
const printsLast = (count) => `
  process.on('yunfly:drain', ({ waitUntil }) => {
    const text = Array.from({ length: ${count} }, (_, i) => 'line ' + i + ' ' + '-'.repeat(200) + '\\n').join('');
    waitUntil(new Promise((resolve) => process.stdout.write(text, resolve)));
  });
  ${LISTEN}`;

/** The events `output` so far, as { child, text, stream }; what the app prints itself has one argument only. */
const pieces = (app) =>
  app
    .events('output')
    .filter(({ length }) => length === 3)
    .map(([child, text, stream]) => ({ child, text, stream }));

/** What a child wrote so far to one of its streams. */
const textOf = (app, isFrom = () => true, name = 'stdout') =>
  pieces(app)
    .filter(({ child, stream }) => stream === name && isFrom(child))
    .map(({ text }) => text)
    .join('');

/** Resolves when so much of it is there. */
const written = (app, fits, name) => app.event('output', () => fits(textOf(app, undefined, name)));

/** The lines that the app printed, as [name, line]; a test that uses it is about prefixed ones only. */
const printed = (app) =>
  app.output
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [, name, rest] = /^(worker \d+|alone) +\| (.*)$/.exec(line) ?? [null, 'no prefix', line];
      return [name, rest];
    });
const linesOf = (app, wanted) =>
  printed(app)
    .filter(([name]) => name === wanted)
    .map(([, line]) => line);
const numbers = (count, line) => Array.from({ length: count }, (_, i) => line(i));

describe("'prefix'", () => {
  test('the lines of workers that write them in parts do not mix', async () => {
    const exec = script(`
      const fs = require('node:fs');
      const name = ${NAME};
      let count = 0;
      (function next() {
        fs.writeSync(1, name + ' begins ');
        setImmediate(() => {
          fs.writeSync(1, 'and continues ');
          setImmediate(() => {
            fs.writeSync(1, 'line ' + count + '\\n');
            count += 1;
            if (count < 200) next();
          });
        });
      })();
      ${LISTEN}`);
    const app = await start({ exec, count: 2, output: 'prefix' });
    for (const name of ['worker 1', 'worker 2']) {
      await app.event('output', (line) => line === `${name} | ${name} begins and continues line 199`);
      expect(linesOf(app, name)).toEqual(numbers(200, (i) => `${name} begins and continues line ${i}`));
    }
  });

  test('what nobody takes from the app stays in the children, and is not lost', async () => {
    const exec = script(`
      const fs = require('node:fs');
      const line = 'x'.repeat(1023) + '\\n';
      process.once('message', () => {
        for (let i = 0; i < 50 * 1024; i++) fs.writeSync(1, line);
        fs.writeSync(1, 'the end\\n');
      });
      ${LISTEN}`);
    const app = await start({ exec, count: 1, output: 'prefix' });
    app.process.stdout.pause();
    await app.call('sendmessage', { to: 'worker', action: 'print' });
    // Until it does not become more any more.
    let [before, same] = [0, 0];
    await until(async () => {
      const unwritten = await app.call('unwritten');
      same = unwritten > 0 && unwritten === before ? same + 1 : 0;
      before = unwritten;
      return same === 20;
    });
    expect(before).toBeLessThan(16 * 1024 * 1024);
    app.process.stdout.resume();
    await app.event('output', (line) => line === 'worker 1 | the end');
    expect(linesOf(app, 'worker 1').length).toBe(50 * 1024 + 1);
  });

  test('what was printed before an error comes before it', async () => {
    const exec = script(`
      const fs = require('node:fs');
      fs.writeSync(1, 'printed before\\n');
      fs.writeSync(2, 'Error: no\\n    at a\\n} {\\n  code: 1\\n}\\nthe last line\\n');
      ${LISTEN}`);
    const app = await start({ exec, count: 1, output: 'pipe' });
    await written(app, (text) => text.endsWith('the last line\n'), 'stderr');
    const texts = pieces(app).map(({ text }) => text);
    expect(texts[0]).toBe('printed before\n');
    expect(texts.slice(1).join('')).toBe('Error: no\n    at a\n} {\n  code: 1\n}\nthe last line\n');
  });

  test('200 lines a second from each of 3 workers and the alone: all are there, in order', async () => {
    const chatter = (name) => `
      const name = ${name};
      let count = 0;
      const timer = setInterval(() => {
        console.log(name + ' says ' + count++);
        if (count === 400) clearInterval(timer);
      }, 5);`;
    const app = await start({
      exec: script(chatter(NAME) + LISTEN),
      alone: script(chatter("'alone'")),
      count: 3,
      output: 'prefix',
    });
    for (const name of ['worker 1', 'worker 2', 'worker 3', 'alone']) {
      await app.event('output', (line) => line === `${name.padEnd(8)} | ${name} says 399`);
      expect(linesOf(app, name)).toEqual(numbers(400, (i) => `${name} says ${i}`));
    }
    expect(linesOf(app, 'no prefix')).toEqual([]);
  });

  test('the stacks of workers that fail at the same time stay together', async () => {
    const exec = script(`
      const name = ${NAME};
      let count = 0;
      const timer = setInterval(() => {
        const deeper = (depth) => { if (depth > 0) deeper(depth - 1); else console.error(new Error(name + ' ' + count++)); };
        deeper(20);
        if (count === 100) clearInterval(timer);
      }, 5);
      ${LISTEN}`);
    const app = await start({ exec, count: 3, output: 'prefix' });
    for (const name of ['worker 1', 'worker 2', 'worker 3']) {
      await app.event('output', (line) => line === `${name} | Error: ${name} 99`);
      await until(() => linesOf(app, name).filter((line) => line.startsWith('    at ')).length === 1000);
    }
    let current;
    for (const [name, line] of printed(app)) {
      if (line.startsWith('Error: ')) current = name;
      expect([name, line]).toEqual([current, line]);
    }
    expect(printed(app)).toHaveLength(3 * 100 * 11);
  });

  test('what a worker printed that could not start, and where', async () => {
    const exec = script("console.log('loading'); throw new Error('thrown at load');");
    const app = launch({ exec, count: 1, output: 'prefix' });
    await app.event('rejected');
    await app.gone;
    expect(linesOf(app, 'worker 1')).toEqual(expect.arrayContaining(['loading', 'Error: thrown at load']));
  });

  test('the successors after a reload, too', async () => {
    const app = await start({ exec: script(`console.log('booted'); ${LISTEN}`), count: 1, output: 'prefix' });
    await app.call('reload');
    await app.event('output', () => linesOf(app, 'worker 1').length === 2);
    expect(linesOf(app, 'worker 1')).toEqual(['booted', 'booted']);
  });

  test('no events', async () => {
    const app = await start({ exec: script(`console.log('booted'); ${LISTEN}`), count: 1, output: 'prefix' });
    await app.event('output', () => linesOf(app, 'worker 1').length === 1);
    expect(pieces(app)).toEqual([]);
  });

  test('a signal ends the app only when all that was printed before is written', async () => {
    const app = await start({ exec: script(printsLast(20_000)), count: 1, output: 'prefix' });
    app.kill('SIGTERM');
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
    const lines = linesOf(app, 'worker 1');
    expect(lines.at(-1)).toBe(`line 19999 ${'-'.repeat(200)}`);
    expect(lines.findIndex((line, i) => line !== `line ${i} ${'-'.repeat(200)}`)).toBe(-1);
  });

  test('a signal ends the app though nobody takes what is printed', async () => {
    const exec = script(`
      console.log('x'.repeat(3_000_000));
      console.error('printed');
      ${LISTEN}`);
    const app = launch({ exec, count: 1, output: 'prefix' });
    app.process.stdout.pause();
    await app.event('started');
    await app.event('output', (line) => line === 'worker 1 | printed');
    app.kill('SIGTERM');
    await expect(app.exited).resolves.toEqual({ code: 0, signal: null });
    app.process.stdout.resume();
    await app.gone;
  });

  test('workers whose app was killed finish what they have, though nobody reads what they print', async () => {
    const exec = script(`
      const http = require('node:http');
      http.createServer((_request, response) => {
        process.send('asked');
        let left = 20;
        const timer = setInterval(() => {
          console.log('still at it');
          console.error('still at it');
          left -= 1;
          if (left > 0) return;
          clearInterval(timer);
          response.end('done');
        }, 10);
      }).listen(0);`);
    const app = await start({ exec, count: 1, output: 'prefix' });
    const answer = request(await app.port());
    await app.event('message');
    app.kill('SIGKILL');
    await expect(answer).resolves.toMatchObject({ status: 200, text: 'done' });
  });

  test('a stdout that nobody reads any more does not end the app', async () => {
    const exec = script(`
      let count = 0;
      const print = () => { console.log('out'); console.error('err ' + count++); };
      process.on('message', () => setInterval(print, 5));
      ${LISTEN}`);
    const app = await start({ exec, count: 1, output: 'prefix' });
    app.process.stdout.destroy();
    await app.call('sendmessage', { to: 'worker', action: 'print' });
    await app.event('output', (line) => line === 'worker 1 | err 100');
    await expect(app.workers()).resolves.toHaveLength(1);
  });
});

describe("'pipe'", () => {
  const pipe = (source, config) => start({ exec: script(source), count: 1, output: 'pipe', ...config });

  test('events with child, text and stream; nothing is printed', async () => {
    const app = await pipe(`console.log('to stdout'); console.error('to stderr'); ${LISTEN}`);
    await written(app, (text) => text === 'to stdout\n');
    await written(app, (text) => text === 'to stderr\n', 'stderr');
    const [{ id, pid }] = await app.workers();
    for (const { child } of pieces(app)) expect(child).toMatchObject({ id, pid, slot: 1 });
    expect(app.output).not.toMatch(/to std(out|err)/);
  });

  test('a signal ends the app only when it has written what it hands on itself', async () => {
    const config = { exec: script(printsLast(3000)), count: 1, output: 'pipe' };
    const app = await start(config, { script: fixture('passing-on-app.js') });
    await app.call('passOn');
    // More than is on its way to a reader who comes late.
    app.process.stdout.pause();
    app.kill('SIGTERM');
    await app.event('close');
    app.process.stdout.resume();
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
    expect(app.output.match(/^line \d+ -{200}$/gm)).toHaveLength(3000);
  });

  test('the alone, too', async () => {
    const app = await pipe(LISTEN, { alone: script("console.log('from the alone');") });
    await written(app, (text) => text === 'from the alone\n');
    const { id, pid } = await app.call('alone').then(() => app.events('aloneReady')[0][0]);
    expect(pieces(app)[0].child).toMatchObject({ id, pid });
  });

  test('a line of 1 MiB', async () => {
    const app = await pipe(`process.stdout.write('x'.repeat(1024 * 1024) + '\\nafter\\n'); ${LISTEN}`);
    await written(app, (text) => text.endsWith('after\n'));
    expect(textOf(app) === `${'x'.repeat(1024 * 1024)}\nafter\n`).toBe(true);
  });

  test('characters of several bytes that are divided between two writes, and in a line that is longer than a part', async () => {
    const app = await pipe(`
      const fs = require('node:fs');
      fs.writeSync(1, Buffer.from([0xe2, 0x82]));
      setTimeout(() => {
        fs.writeSync(1, Buffer.from([0xac, 0x0a]));
        process.stdout.write('a' + '€'.repeat(1_000_000) + '\\nend\\n');
      }, 100);
      ${LISTEN}`);
    await written(app, (text) => text.endsWith('end\n'));
    expect(textOf(app) === `€\na${'€'.repeat(1_000_000)}\nend\n`).toBe(true);
  });

  test('what is no UTF-8 is replaced', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const app = await pipe(`
      require('node:fs').writeSync(1, Buffer.from('${bytes.toString('base64')}', 'base64'));
      console.log('\\nend');
      ${LISTEN}`);
    await written(app, (text) => text.endsWith('end\n'));
    expect(textOf(app)).toBe(`${bytes.toString()}\nend\n`);
  });

  test('a child that is killed amid a line: what there was of it', async () => {
    const app = await pipe(
      `require('node:fs').writeSync(1, 'whole\\nhalf a li'); process.on('message', () => process.kill(process.pid, 'SIGKILL')); ${LISTEN}`,
    );
    await written(app, (text) => text === 'whole\n');
    const [victim] = await app.workers();
    await app.call('sendmessage', { to: 'worker', worker_pid: victim.pid });
    await app.event('output', () => textOf(app, ({ pid }) => pid === victim.pid).includes('half a li'));
    expect(textOf(app, ({ pid }) => pid === victim.pid)).toBe('whole\nhalf a li\n');
  });

  test('a worker prints much, is blocked out by the app, and nothing is lost', async () => {
    const LINES = 100_000;
    const line = (i) => `${String(i).padStart(8, '0')} ${'-'.repeat(95)}`;
    const app = await pipe(`
      const http = require('node:http');
      const line = ${line};
      const text = Array.from({ length: ${LINES} }, (_, i) => line(i) + '\\n').join('');
      http.createServer((_request, response) => { process.stdout.write(text); response.end(); }).listen(0);`);
    const port = await app.port();
    const blocked = app.call('block', 1500);
    await app.event('blocking');
    await request(port);
    await app.event('output', () =>
      pieces(app)
        .at(-1)
        .text.includes(line(LINES - 1)),
    );
    const text = textOf(app);
    expect(text.length).toBe(LINES * (line(0).length + 1));
    expect(text === numbers(LINES, (i) => `${line(i)}\n`).join('')).toBe(true);
    await blocked;
    const names = app.eventNames();
    expect(names.indexOf('output')).toBeGreaterThan(names.indexOf('blocked'));
  });

  /** A process of a worker's own, that outlives it and has its stdout. */
  const descendant = (source, [program, ...args] = [process.execPath, '-e', source]) => `
    const { spawn } = require('node:child_process');
    const child = spawn(${JSON.stringify(program)}, ${JSON.stringify(args)}, { stdio: ['ignore', 'inherit', 'ignore'], detached: true });
    require('node:fs').writeSync(2, String(child.pid) + '\\n');
    ${LISTEN}`;

  test('a descendant that holds the stream does not hold up close()', async () => {
    const app = await pipe(descendant('setInterval(() => {}, 1000)'));
    await written(app, (text) => text.endsWith('\n'), 'stderr');
    const pid = Number(textOf(app, undefined, 'stderr'));
    await app.call('close');
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await until(() => !app.processes().some((one) => one.pid === pid));
  });

  test('a descendant that writes without end does not hold up close() either', async () => {
    // No faster: what this test is told of all that is written must not take the CPU from what it tests.
    const app = await pipe(
      descendant(
        "process.stdout.on('error', () => process.exit()); setInterval(() => console.log('y'.repeat(1000)), 1);",
      ),
    );
    await written(app, (text) => text.endsWith('\n'), 'stderr');
    const pid = Number(textOf(app, undefined, 'stderr'));
    await written(app, (text) => text.length > 100_000);
    await app.call('close');
    await until(() => !app.processes().some((one) => one.pid === pid));
  });

  test('what comes after the exit belongs to the child that ended', async () => {
    const marker = script('');
    fs.rmSync(marker);
    const source = `
      const fs = require('node:fs');
      const timer = setInterval(() => { if (fs.existsSync(${JSON.stringify(marker)})) { console.log('late'); clearInterval(timer); } }, 10);`;
    const app = await pipe(descendant(source), { refork: false });
    await written(app, (text) => text.endsWith('\n'), 'stderr');
    const [worker] = await app.workers();
    process.kill(worker.pid, 'SIGKILL');
    await app.event('exit');
    fs.writeFileSync(marker, '');
    await written(app, (text) => text === 'late\n');
    const { child } = pieces(app).find(({ text }) => text === 'late\n');
    expect(child).toMatchObject({ id: worker.id, pid: worker.pid, slot: 1, dead: true });
    // It ends a moment after it has written.
    await until(() => app.processes().every(({ pid }) => pid === app.process.pid));
  });

  test('nobody listens: a warning', async () => {
    const app = await pipe(`console.log('unheard'); ${LISTEN}`);
    const [{ name }] = await app.event('warning', ({ code }) => code === 'CLUSTER_OUTPUT_UNHEARD');
    expect(name).toBe('ClusterWarning');
  });
});
