'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');

/** Runs a script as PID 1, as in a container. */
async function asPidOne(script) {
  const namespace = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const runtime = process.env.NODE_UNDER_TEST ?? process.execPath;
  const child = spawn('unshare', [...namespace, runtime, script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (data) => (output += data));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, output };
}

/** unshare(1) is Linux's. */
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'as PID 1 the app reaps the orphans that fall to it, and nobody else',
  async () => {
    const { code, output } = await asPidOne(path.join(__dirname, '../../fixtures/pid-one.js'));
    const result = output.split('\n').filter((line) => line.startsWith('@{"pid":1,'));
    expect(code).toBe(0);
    expect(JSON.parse(result[0].slice(1))).toEqual({ pid: 1, code: 3, threadCode: 7, signal: 'SIGKILL', zombies: 0 });
  },
  60_000,
);
