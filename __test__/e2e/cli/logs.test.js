'use strict';
// `cluster-native logs`, as a user types it.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { connectCluster } = require('../../..');
const { start } = require('../support/cluster');
const { run } = require('../support/command');
const { ask } = require('../support/control');
const { folder, script } = require('../support/files');

const LISTEN = "require('node:http').createServer().listen(0);";
const NAME = 'Number(process.env.NODE_APP_INSTANCE) + 1';
const saying = (text) => expect.stringContaining(text);
const linesOf = (text) => text.split('\n').filter((line) => line !== '');

test('the last lines, over full files, of each worker or of one; as JSON', async () => {
  const exec = script(`for (let i = 0; i < 300; i += 1) console.log((${NAME}) + ' says ' + i); ${LISTEN}`);
  const output = { file: path.join(folder(), '{slot}.log'), maxSize: 4096, keep: 5 };
  const app = await start({ exec, count: 2, output });
  // The queue of the disk is empty when this is answered.
  await (await connectCluster(app.pid)).reopenLogs();
  const own = (...args) => ask('logs', '--pid', app.pid, ...args);
  const last = (who, count, prefix = '') =>
    Array.from({ length: count }, (_, i) => `${prefix}${who} says ${300 - count + i}`);

  const both = await own();
  expect(both.code).toBe(0);
  expect(linesOf(both.stdout)).toEqual([...last(1, 15, 'worker 1 | '), ...last(2, 15, 'worker 2 | ')]);
  expect(linesOf((await own('2', '-n', '299')).stdout)).toEqual(last(2, 299));
  expect(linesOf((await own('1', '--lines=2', '--json')).stdout).map((line) => JSON.parse(line))).toEqual(
    last(1, 2).map((line) => ({ role: 'worker', slot: 1, stream: null, line })),
  );
  await expect(own('7')).resolves.toMatchObject({ code: 1, stderr: 'cluster-native: Slot 7 has no log file.\n' });
  await expect(own('one')).resolves.toMatchObject({ code: 2 });
  await expect(own('--reopen')).resolves.toEqual({ code: 0, stdout: '2 log files opened anew\n', stderr: '' });

  // One that was renamed, and not begun anew.
  const first = output.file.replace('{slot}', '1');
  fs.renameSync(first, `${first}.1`);
  expect(linesOf((await own('1', '-n', '1')).stdout)).toEqual(last(1, 1));
  fs.renameSync(`${first}.1`, first);

  // One that is not a file is left out.
  const second = output.file.replace('{slot}', '2');
  fs.rmSync(second);
  fs.mkdirSync(second);
  await expect(own('-n', '1')).resolves.toMatchObject({ code: 0, stdout: 'worker 1 | 1 says 299\n' });
  await expect(own('2')).resolves.toMatchObject({ code: 1, stdout: '', stderr: saying(`${second} is a directory`) });
});

test('what is not a file, or cannot be read, is named', async () => {
  const file = path.join(folder(), 'app.log');
  const app = await start({ exec: script(LISTEN), count: 1, output: { file } });
  const become = (make) => {
    fs.rmSync(file, { recursive: true, force: true });
    make();
  };
  const failed = (why) => ({ code: 1, stdout: '', stderr: saying(why) });
  for (const [what, make] of [
    ['a directory', () => fs.mkdirSync(file)],
    ['a pipe', () => execFileSync('mkfifo', [file])],
    ['a device', () => fs.symlinkSync('/dev/null', file)],
    // The command's own, here.
    ['a socket', () => fs.symlinkSync('/dev/stdout', file)],
  ]) {
    become(make);
    await expect(ask('logs', '-f', '--pid', app.pid)).resolves.toEqual(failed(`${file} is ${what}, not a file`));
  }
  become(() => fs.symlinkSync(file, file));
  await expect(ask('logs', '-f', '--pid', app.pid)).resolves.toEqual(failed(`${file} cannot be read: ELOOP`));

  // Later, too.
  become(() => fs.writeFileSync(file, 'here\n'));
  const following = run(['logs', '-f', '--pid', String(app.pid)]);
  await following.wrote('here\n');
  fs.renameSync(file, `${file}.old`);
  fs.symlinkSync(file, file);
  await expect(following.gone).resolves.toEqual({ code: 1, signal: null });
  expect(following.output).toContain(`cluster-native: ${file} cannot be read: ELOOP`);
});

test('-f follows over files that become full and are renamed, until the cluster ends', async () => {
  const exec = script(`
    let i = 0;
    process.on('message', () => setInterval(() => { for (let j = 0; j < 10; j += 1) console.log('line ' + i++); }, 5).unref());
    console.log('begin');
    ${LISTEN}`);
  const file = path.join(folder(), 'app.log');
  const app = await start({ exec, count: 1, output: { file, maxSize: 8192, keep: 1000 } });
  const following = run(['logs', '-f', '--pid', String(app.pid)]);
  await following.wrote('begin\n');
  await app.call('sendmessage', { to: 'worker' });
  await following.wrote('line 2000\n');
  fs.renameSync(file, path.join(folder(), 'elsewhere.log'));
  await expect(ask('logs', '--reopen', '--pid', app.pid)).resolves.toMatchObject({ code: 0 });
  await following.wrote('line 4000\n');
  app.kill('SIGTERM');
  await expect(following.gone).resolves.toEqual({ code: 0, signal: null });
  const lines = linesOf(following.output);
  expect(lines).toEqual(['begin', ...lines.slice(1).map((_line, i) => `line ${i}`)]);
  expect(fs.existsSync(`${file}.3`)).toBe(true);
});

test('-f: of a file that was there and joins later only the end is shown', async () => {
  const exec = script(`setInterval(() => console.log(${NAME} + ' says'), 20); ${LISTEN}`);
  const file = path.join(folder(), '{slot}.log');
  const old = Array.from({ length: 100 }, (_, i) => `old ${i}\n`);
  fs.writeFileSync(file.replace('{slot}', '2'), old.join(''));
  const app = await start({ exec, count: 1, output: { file } });
  const following = run(['logs', '-f', '-n', '3', '--pid', String(app.pid)]);
  await following.wrote('1 says\n');
  await app.call('scale', 2);
  await following.wrote('worker 2 | 2 says\n');
  expect(following.output).not.toContain('old 9\n');
  app.kill('SIGTERM');
  await expect(following.gone).resolves.toEqual({ code: 0, signal: null });
});

test('a cluster without log files, or with one for all, says so', async () => {
  const app = await start({ count: 1 });
  await expect(ask('logs', '--pid', app.pid)).resolves.toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining("Set `output: { file: 'logs/app.log' }` (--output-file)"),
  });
  await expect(ask('logs', '--reopen', '--pid', app.pid)).resolves.toMatchObject({ code: 1 });
  const exec = script(LISTEN);
  const other = await start({ exec, count: 1, output: { file: path.join(folder(), 'app.log') } });
  await expect(ask('logs', '1', '--pid', other.pid)).resolves.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Write {slot} into its name'),
  });
  await expect(ask('logs', '--pid', other.pid)).resolves.toEqual({ code: 0, stdout: '', stderr: '' });
});
