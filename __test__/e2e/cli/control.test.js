'use strict';
// The commands for clusters that run, as a user types them. There may be other clusters of this user: ours is chosen by its pid.

const fs = require('fs');
const path = require('path');
const { connectCluster } = require('../../..');
const { request } = require('../support/client');
const { fixture, launch, start } = require('../support/cluster');
const { run, runOnTerminal } = require('../support/command');
const { ask, askJson } = require('../support/control');
const { folder, script } = require('../support/files');
const { firstOf } = require('../support/position');
const { shared, sharedApp } = require('../support/shared');
const { until } = require('../support/until');

describe('a cluster is asked and told', () => {
  const app = sharedApp(() => start({ count: 2, title: 'told', alone: fixture('alone/reporting.js') }));
  const own = (name, ...args) => ask(name, ...args, '--pid', app().pid);
  const ownJson = (name, ...args) => askJson(name, ...args, '--pid', app().pid);

  test('ls', async () => {
    const listed = (await askJson('ls')).filter(({ pid }) => pid === app().pid);
    expect(listed).toEqual([
      {
        title: 'told',
        pid: app().pid,
        version: expect.any(String),
        state: 'running',
        ready: true,
        uptime: expect.any(Number),
        workers: { ready: 2, total: 2 },
        connections: 0,
        cpu: expect.any(Number),
        rss: expect.any(Number),
      },
    ]);
    const { code, stdout } = await ask('ls');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`│ told +│ ${app().pid} +│ ready +│ .* │ 2/2 +│ 0 +│ \\d+ % +│ \\d+ MB +│`));
  });

  test('describe', async () => {
    const stats = await ownJson('describe');
    expect(stats).toMatchObject({
      title: 'told',
      workers: { listening: 2 },
      counts: { forks: { worker: 2, alone: 1 } },
    });
    const { code, stdout } = await own('describe');
    expect(code).toBe(0);
    const [, two] = stats.children.filter(({ role }) => role === 'worker');
    expect(stdout).toMatch(/^state +running, ready$/m);
    expect(stdout).toMatch(/^workers +2 of 2 ready$/m);
    expect(stdout).toMatch(new RegExp(`│ worker ${two.slot} │ ${two.pid} +│ ready `));
    expect(stdout).toMatch(/│ alone +│ \d+ +│ ready /);
    expect(stdout).toContain(`│ ${stats.listeners[0].address} `);
    expect(stdout).toMatch(/^started +2 workers, 1 × alone$/m);
  });

  test('health', async () => {
    await expect(own('health')).resolves.toEqual({ code: 0, stdout: 'ready\n', stderr: '' });
    await expect(ownJson('health')).resolves.toEqual({ ready: true, state: 'running' });
  });

  test('top without a terminal: once, with what takes two looks', async () => {
    const { title, processes } = await ownJson('top');
    expect(title).toBe('told');
    expect(processes.map(({ name }) => name)).toEqual(['app', 'alone', 'worker 1', 'worker 2']);
    for (const { name, ...values } of processes) {
      expect(values).toMatchObject({ cpu: expect.any(Number), rss: expect.any(Number) });
      const isChild = name !== 'app';
      for (const value of ['utilization', 'delay', 'heap', 'messages'])
        expect(values[value]).toEqual(isChild ? expect.any(Number) : null);
    }
    const { code, stdout } = await own('top');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(`told (pid ${app().pid}) · running · `);
    expect(lines[2]).toBe(
      'process     pid  cpu %  loop %  p99 ms  rss MB  heap MB  conns  msg/s'.replace(
        / +pid/,
        /\s+pid/.exec(lines[2])[0],
      ),
    );
    expect(lines[5]).toMatch(/^worker 1 +\d+ +\d+ +\d+ +[\d.]+ +\d+ +\d+ +0 +[\d.]+$/);
  });

  test('top on a terminal is drawn again and again until q', async () => {
    const shown = runOnTerminal(['top', '--pid', String(app().pid)]);
    // The second look: with a sparkline.
    await shown.wrote(/worker 2.*\d+ {2}.*[▁▂▃▄▅▆▇█]/);
    shown.process.stdin.write('q');
    await expect(shown.gone).resolves.toEqual({ code: 0, signal: null });
    // What was on the terminal before is there again.
    expect(shown.output).toMatch(/^\x1b\[\?1049h/); // eslint-disable-line no-control-regex
    expect(shown.output.trimEnd()).toMatch(/\x1b\[\?1049l$/); // eslint-disable-line no-control-regex
  });

  test('reload, with a script and variables', async () => {
    const before = await ownJson('describe');
    // Later tests start workers of it, too.
    const exec = shared(() => script("require('http').createServer((q, s) => s.end(process.env.SAID)).listen(0)"));
    const report = await ownJson('reload', '--exec', exec, '--env', 'SAID=again=x');
    const pids = before.children.flatMap(({ role, pid }) => (role === 'worker' ? [pid] : []));
    expect(report).toMatchObject({ ok: true, replaced: pids.map((oldPid) => ({ oldPid })) });
    const [, { port }] = app().events('listening').at(-1);
    await expect(request(port)).resolves.toMatchObject({ text: 'again=x' });

    const { code, stdout } = await own('reload', '--target', 'alone');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^reloaded: \d+ → \d+\n$/);
  });

  test('a reload that fails: 1; one that cannot be: 2', async () => {
    const failed = await own('reload', '--exec', script('process.exit(3)'));
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringMatching(/^the reload failed: .*worker/) });
    const impossible = await own('reload', '--exec', '/nowhere.js');
    expect(impossible).toMatchObject({ code: 2, stderr: expect.stringContaining('/nowhere.js') });
  });

  test('scale and kill', async () => {
    await expect(own('scale', 3)).resolves.toMatchObject({ code: 0, stdout: '3 workers are ready\n' });
    const { children } = await ownJson('describe');
    const { pid } = children.find(({ slot }) => slot === 3);
    await expect(ownJson('kill', 3)).resolves.toEqual({ slot: 3, pid });
    await app().event('exit', (worker) => worker.pid === pid);
    const missing = await own('kill', 9);
    expect(missing).toMatchObject({ code: 1, stderr: 'cluster-native: Slot 9 has no worker.\n' });
  });

  test('restart: the new one is ready first', async () => {
    const { children } = await ownJson('describe');
    const { pid } = children.find(({ slot }) => slot === 1);
    const told = await ownJson('restart', 1);
    expect(told).toEqual({ slot: 1, oldPid: pid, newPid: expect.any(Number), after: expect.any(Number) });
    const [worker] = await app().event('exit', (each) => each.pid === pid);
    expect(worker.exitReason).toBe('restart');
    const names = app().history();
    const at = (name, isIt) => firstOf(names, (entry) => entry.name === name && isIt(entry.args[0]));
    expect(at('workerReady', (each) => each.pid === told.newPid)).toBeLessThan(at('exit', (each) => each.pid === pid));
    await expect(own('restart', 9)).resolves.toMatchObject({
      code: 1,
      stderr: 'cluster-native: Slot 9 has no worker.\n',
    });
  });

  test('restart: if the new one fails the old one works on, and it is told why', async () => {
    const flag = path.join(folder(), 'fails');
    const exec = script(
      `if (require('fs').existsSync(${JSON.stringify(flag)})) throw new Error('no database');
       require('http').createServer((q, s) => s.end()).listen(0);`,
    );
    const other = await start({ count: 1, exec });
    fs.writeFileSync(flag, '');
    const { code, stderr } = await ask('restart', 1, '--pid', other.pid);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^cluster-native: the new worker of slot 1 \(pid \d+\) ended before it was ready: no database; the old one works on\n$/,
    );
  });

  test('of two of one title a pid is wanted', async () => {
    await start({ count: 1, title: 'told' });
    const { code, stderr } = await ask('health', '--title', 'told');
    expect(code).toBe(2);
    expect(stderr).toContain(`--pid ${app().pid} (told)`);
    await expect(ask('health', '--title', 'told', '--pid', app().pid)).resolves.toMatchObject({ code: 0 });
  });

  test('who is not there is not found: 3', async () => {
    const { code, stderr } = await ask('stop', '--title', 'nobody');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^cluster-native: No cluster of this user with the title 'nobody' runs here\. There are: /);
    expect(stderr).toContain(`--pid ${app().pid} (told)`);
  });
});

test.each([
  [['scale'], 'scale needs the count: cluster-native scale <count>'],
  [['scale', '0'], "scale takes a number of workers, 1 or more, but got '0'."],
  [['kill', 'one'], "kill takes the number of a slot, 1 or more, but got 'one'."],
  [['reload', '--env', 'SAID'], "--env takes KEY=VALUE, but got 'SAID'."],
  [['reload', '--target', 'everything'], "--target takes worker, alone or all, but got 'everything'."],
  [['stop', '--tilte', 'x'], '--tilte is not an option of stop. Did you mean --title?'],
  [['stop', '--pid'], '--pid needs a value: --pid=<pid>.'],
  [['ls', '--pid', '1'], '--pid is not an option of ls. See cluster-native ls --help.'],
  [['reload', 'app.js'], 'To run a script named reload: cluster-native start reload, or ./reload'],
])('what is wrong is refused with 2: %j', async (args, message) => {
  const { code, stdout, stderr } = await ask(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('help: of all and of each', async () => {
  expect((await ask('--help')).stdout).toMatch(/^ {2}reload +replace its workers/m);
  const { code, stdout } = await ask('reload', '-h');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: cluster-native reload \[options\]\n/);
  expect(stdout).toMatch(/^ {2}--target <worker\|alone\|all>/m);
  expect(stdout).toContain('Exit codes: 0 done');
});

test('one that is not ready is not healthy, and cannot be reloaded', async () => {
  const app = launch({ count: 1, ready: 'message', exec: script('setInterval(() => {}, 1000)') });
  await app.event('online');
  const asked = await ask('health', '--pid', app.pid);
  expect(asked).toMatchObject({ code: 1, stdout: 'not ready: starting, 0 workers listen\n' });
  const told = await ask('reload', '--pid', app.pid);
  expect(told).toMatchObject({ code: 1, stderr: expect.stringContaining('starting or stopping') });
  await expect(ask('stop', '--pid', app.pid)).resolves.toMatchObject({ code: 0 });
});

test('one that is stopped by a signal keeps nobody waiting, and is told of', async () => {
  const app = await start({ count: 1, title: 'stuck' });
  app.kill('SIGSTOP');
  const asking = [['health', '--pid', app.pid], ['stop', '--title', 'stuck'], ['ls'], ['stop', '--title', 'another']];
  const asked = await Promise.all(asking.map((words) => ask(...words)));
  const connecting = connectCluster('stuck').catch(({ code }) => code);
  await expect(connecting).resolves.toBe('ERR_CONTROL_FAILED');
  app.kill('SIGCONT');
  // Who stops what is not there takes 3 for done.
  expect(asked.map(({ code }) => code)).toEqual([1, 1, 0, 3]);
  const isTold = asked.map(({ stderr }) => stderr.includes(`pid ${app.pid} does not answer`));
  expect(isTold).toEqual([true, true, true, false]);
});

test('stop waits for the end; what takes too long is told, and ends by a second one', async () => {
  const app = await start({ count: 1, title: 'busy' });
  const slow = request(await app.port(), '/slow?ms=600000').catch(() => 'broken');
  await app.report('slow');
  // A second stop within a second would be the same wish.
  const first = await ask('stop', '--pid', app.pid, '--timeout', 1100);
  expect(first.code).toBe(1);
  expect(first.stderr).toContain(`cluster-native stop --pid ${app.pid}`);
  await expect(askJson('stop', '--pid', app.pid)).resolves.toMatchObject({ title: 'busy', pid: app.pid });
  await expect(app.gone).resolves.toMatchObject({ signal: null });
  await expect(slow).resolves.toBe('broken');
  await expect(ask('stop', '--pid', app.pid)).resolves.toMatchObject({ code: 3 });
});

test('top waits for a cluster that does not answer for a while', async () => {
  const app = await start({ count: 1 });
  const shown = runOnTerminal(['top', '--pid', String(app.pid)]);
  await shown.wrote('worker 1');
  app.kill('SIGSTOP');
  await shown.wrote(/worker 1[^]*The cluster does not answer/);
  app.kill('SIGCONT');
  const before = shown.output.length;
  await until(() => /worker 1(?![^]*does not answer)/.test(shown.output.slice(before)));
  shown.process.stdin.write('q');
  await expect(shown.gone).resolves.toEqual({ code: 0, signal: null });
});

test('top ends with its cluster', async () => {
  const app = await start({ count: 1 });
  const shown = runOnTerminal(['top', '--pid', String(app.pid)]);
  await shown.wrote('worker 1');
  app.kill('SIGTERM');
  await expect(shown.gone).resolves.toEqual({ code: 3, signal: null });
  expect(shown.output).toContain('The cluster cannot be reached');
});

const asRoot = process.getuid() === 0 && process.platform === 'linux' ? test : test.skip;

asRoot('as root: a command of another user gets the signals, and decides when it ends', async () => {
  const shared = folder();
  fs.chmodSync(shared, 0o777);
  const file = path.join(shared, 'app.log');
  const exec = script("console.log('begin'); require('node:http').createServer().listen(0);");
  fs.chmodSync(path.dirname(exec), 0o755);
  const command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const app = await start({ exec, count: 1, output: { file } }, { command });
  const following = run(['logs', '-f', '--pid', String(app.pid), '--user', '65534']);
  await following.wrote('begin\n');
  following.kill('SIGINT');
  following.kill('SIGTERM');
  await expect(following.gone).resolves.toEqual({ code: 143, signal: null });
});

// Whatever its group is: a service may have another one than its user.
asRoot("as root: another user's cluster is found with --user", async () => {
  const app = await start({ count: 1 }, { command: ['setpriv', '--reuid=65534', '--regid=100', '--clear-groups'] });
  const pids = async (...args) => (await askJson('ls', ...args)).map(({ pid }) => pid);
  expect(await pids('--user', 65534)).toContain(app.pid);
  expect(await pids()).not.toContain(app.pid);
  await expect(ask('health', '--pid', app.pid)).resolves.toMatchObject({ code: 3 });
  await expect(ask('health', '--pid', app.pid, '--user', 65534)).resolves.toMatchObject({ code: 0, stdout: 'ready\n' });
  await expect(ask('ls', '--user', 'no-such-user')).resolves.toMatchObject({ code: 2 });
});
