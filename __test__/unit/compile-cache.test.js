'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { isSupported } = require('../../lib/config/compile-cache');
const { privateBase } = require('../e2e/support/private-base');
const { folder, removeFolders } = require('./support/folder');

const made = [];

/** A folder to which, and to what it is in, nobody else may write. */
function privateFolder() {
  made.push(fs.mkdtempSync(path.join(fs.realpathSync(privateBase()), 'cluster-unit-')));
  return made.at(-1);
}

afterAll(() => {
  removeFolders();
  for (const each of made) fs.rmSync(each, { recursive: true });
});

const subject = JSON.stringify(require.resolve('../../lib/config/compile-cache'));

/** What a process of this Node version decides whose environment says this, and no more, of where a cache may be. */
function decide(option, { production = true, env = {}, version = '22.1.0', warnings = [] } = {}) {
  const code = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
    const { compileCache } = require(${subject});
    const warnings = [];
    process.emitWarning = (message, { code }) => warnings.push(code + ' ' + message);
    const [option, production] = JSON.parse(process.argv[1]);
    console.log(JSON.stringify([compileCache(option ?? undefined, production, process.env) ?? null, warnings]));`;
  const argument = JSON.stringify([option ?? null, production]);
  const given = { PATH: process.env.PATH, TMPDIR: path.join(folder(), 'none'), ...env };
  const [decided, told] = JSON.parse(
    execFileSync(process.execPath, ['-e', code, argument], { env: given, encoding: 'utf8' }),
  );
  warnings.push(...told);
  return decided;
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
    const home = privateFolder();
    const expected = path.join(home, '.cache/yunfly-cluster/compile-cache');
    expect(decide(undefined, { env: { HOME: home } })).toBe(expected);
    for (let at = expected; at !== home; at = path.dirname(at)) {
      const { mode, uid } = fs.statSync(at);
      expect([mode & 0o777, uid]).toEqual([0o700, process.getuid()]);
    }
    // The next start finds it.
    expect(decide(undefined, { env: { HOME: home } })).toBe(expected);
  });

  test('where systemd and XDG_CACHE_HOME say', () => {
    const [home, cache, first, second] = [privateFolder(), privateFolder(), privateFolder(), privateFolder()];
    const below = (where) => path.join(where, 'yunfly-cluster/compile-cache');
    expect(decide(undefined, { env: { HOME: home, XDG_CACHE_HOME: cache } })).toBe(below(cache));
    const service = { CACHE_DIRECTORY: `${first}:${second}` };
    expect(decide(undefined, { env: { HOME: home, XDG_CACHE_HOME: cache, ...service } })).toBe(below(first));
    expect(decide(undefined, { env: { HOME: home, XDG_CACHE_HOME: 'relative', CACHE_DIRECTORY: '' } })).toBe(
      below(path.join(home, '.cache')),
    );
  });

  test("a user's own folder for temporary files will do", () => {
    const tmp = privateFolder();
    expect(decide(undefined, { env: { TMPDIR: tmp } })).toBe(
      path.join(tmp, `yunfly-cluster-${process.getuid()}/compile-cache`),
    );
  });

  test('in development none', () => {
    expect(decide(undefined, { production: false, env: { HOME: privateFolder() } })).toBeNull();
  });

  test.each(['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE'])(
    'with %s in the environment it is left alone',
    (name) => {
      expect(decide(undefined, { env: { HOME: privateFolder(), [name]: '1' } })).toBeNull();
    },
  );
});

test('false: none', () => {
  expect(decide(false, { env: { HOME: privateFolder() } })).toBeNull();
});

test('true: also in development, and whatever the environment says', () => {
  const home = privateFolder();
  const env = { HOME: home, NODE_COMPILE_CACHE: '/elsewhere', NODE_DISABLE_COMPILE_CACHE: '1' };
  expect(decide(true, { production: false, env })).toBe(path.join(home, '.cache/yunfly-cluster/compile-cache'));
});

test('a folder of the app: made absolute', () => {
  expect(decide('cache')).toBe(path.resolve('cache'));
  expect(decide('/var/cache/app', { production: false })).toBe('/var/cache/app');
});

describe('a place that somebody else can change is not used, as its content is executed', () => {
  /** Nobody but us is below this one; but who may write to it can put another in its place. */
  const shared = (mode) => {
    const place = privateFolder();
    const own = path.join(place, 'own');
    fs.mkdirSync(own, { mode: 0o700 });
    fs.chmodSync(place, mode);
    return own;
  };

  test.each([0o1777, 0o770])('in a folder that others may write to (%i): not even one that is ours alone', (mode) => {
    const env = Object.fromEntries(
      ['HOME', 'XDG_CACHE_HOME', 'CACHE_DIRECTORY', 'TMPDIR'].map((name) => [name, shared(mode)]),
    );
    const warnings = [];
    expect(decide(undefined, { env, warnings })).toBeNull();
    expect(warnings).toEqual([]);
    for (const place of Object.values(env)) expect(fs.readdirSync(place)).toEqual([]);
    // Who asks for it is told.
    expect(decide(true, { env, warnings })).toBeNull();
    expect(warnings).toEqual([expect.stringMatching(/^CLUSTER_OPTION_IGNORED .*`compileCache: true`.*XDG_CACHE_HOME/)]);
  });

  test('the next place is, if it is private', () => {
    const home = privateFolder();
    expect(decide(true, { env: { XDG_CACHE_HOME: shared(0o1777), HOME: home } })).toBe(
      path.join(home, '.cache/yunfly-cluster/compile-cache'),
    );
  });

  test('a link to such a place', () => {
    const home = privateFolder();
    fs.symlinkSync(shared(0o1777), path.join(home, '.cache'));
    expect(decide(true, { env: { HOME: home } })).toBeNull();
  });

  test('a file', () => {
    const home = privateFolder();
    fs.writeFileSync(path.join(home, '.cache'), '');
    expect(decide(true, { env: { HOME: home } })).toBeNull();
  });

  if (process.getuid() === 0) {
    test("somebody else's home, which root was left with", () => {
      const home = privateFolder();
      fs.chownSync(home, 65534, 65534);
      expect(decide(true, { env: { HOME: home } })).toBeNull();
    });
  }
});
