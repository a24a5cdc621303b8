'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { isSupported } = require('../../lib/config/compile-cache');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const subject = JSON.stringify(require.resolve('../../lib/config/compile-cache'));
const OURS = `yunfly-cluster-${process.getuid()}`;

/** What a process of this Node version decides whose folder for temporary files is `tmp`: jest's own environment does not
 *  reach os.tmpdir(). */
function decide(option, { production = true, env = {}, version = '22.1.0', tmp = folder() } = {}) {
  const code = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
    const { compileCache } = require(${subject});
    const [option, production, env] = JSON.parse(process.argv[1]);
    console.log(JSON.stringify(compileCache(option ?? undefined, production, env) ?? null));`;
  const argument = JSON.stringify([option ?? null, production, env]);
  return JSON.parse(execFileSync(process.execPath, ['-e', code, argument], { env: { ...process.env, TMPDIR: tmp }, encoding: 'utf8' }));
}

test.each([
  ['18.20.4', false],
  ['20.19.0', false],
  ['22.0.0', false],
  ['22.1.0', true],
  ['22.12.3', true],
  ['23.0.0', true],
  ['26.0.0', true],
])('Node %s has it: %p', (version, has) => {
  expect(isSupported(version)).toBe(has);
});

test('where Node has no cache there is none, whatever is asked', () => {
  for (const option of [undefined, true, '/some/folder']) expect(decide(option, { version: '22.0.0' })).toBeNull();
});

describe('the default', () => {
  test("in production a folder of the user's own, which nobody else may write to", () => {
    const tmp = folder();
    expect(decide(undefined, { tmp })).toBe(path.join(tmp, OURS, 'compile-cache'));
    const { mode, uid } = fs.statSync(path.join(tmp, OURS));
    expect([mode & 0o777, uid]).toEqual([0o700, process.getuid()]);
    // The next start finds it.
    expect(decide(undefined, { tmp })).toBe(path.join(tmp, OURS, 'compile-cache'));
  });

  test('in development none', () => {
    expect(decide(undefined, { production: false })).toBeNull();
  });

  test.each(['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE'])('with %s in the environment it is left alone', (name) => {
    expect(decide(undefined, { env: { [name]: '1' } })).toBeNull();
  });
});

test('false: none', () => {
  expect(decide(false)).toBeNull();
});

test('true: also in development, and whatever the environment says', () => {
  const tmp = folder();
  const env = { NODE_COMPILE_CACHE: '/elsewhere', NODE_DISABLE_COMPILE_CACHE: '1' };
  expect(decide(true, { production: false, env, tmp })).toBe(path.join(tmp, OURS, 'compile-cache'));
});

test('a folder of the app: made absolute', () => {
  expect(decide('cache')).toBe(path.resolve('cache'));
  expect(decide('/var/cache/app', { production: false })).toBe('/var/cache/app');
});

describe('a place that somebody else could have prepared is not used, as its content is executed', () => {
  test('others may write to it', () => {
    const tmp = folder();
    fs.mkdirSync(path.join(tmp, OURS));
    fs.chmodSync(path.join(tmp, OURS), 0o777);
    expect(decide(true, { tmp })).toBeNull();
  });

  test('a link', () => {
    const tmp = folder({ 'target/file': '' });
    fs.symlinkSync(path.join(tmp, 'target'), path.join(tmp, OURS));
    expect(decide(true, { tmp })).toBeNull();
  });

  test('a file', () => {
    expect(decide(true, { tmp: folder({ [OURS]: '' }) })).toBeNull();
  });

  test('there is no folder for temporary files', () => {
    const tmp = folder({ file: '' });
    expect(decide(true, { tmp: path.join(tmp, 'file') })).toBeNull();
  });
});
