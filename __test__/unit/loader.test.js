'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { stripsTypes, hasLoader, hasPreload, canRegister } = require('../../lib/config/flags');
const { findLoader } = require('../../lib/config/loader');
const { toLaunch } = require('../../lib/config/settings');
const { loaderFor, normalize } = require('../../lib/config');
const { listAloneFiles } = require('../../lib/scripts/alone-files');
const { isModule, isTypeScript } = require('../../lib/scripts/module-type');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const flags = (...execArgv) => ({ execArgv });
const options = (nodeOptions) => ({ execArgv: [], nodeOptions });

describe('a loader in the flags', () => {
  test.each([
    [flags('--import', 'tsx')],
    [flags('--import=tsx/esm')],
    [flags('--loader', 'ts-node/esm')],
    [flags('--experimental-loader=ts-node/esm')],
    [flags('-r', 'ts-node/register/transpile-only')],
    [flags('--require', '@swc-node/register')],
    [flags('--require', '@swc/register')],
    [flags('--require=esbuild-register')],
    [flags('--import', 'jiti/register')],
    [
      flags(
        '--require',
        '/app/node_modules/tsx/dist/preflight.cjs',
        '--import',
        'file:///app/node_modules/tsx/dist/loader.mjs',
      ),
    ],
    [flags('/app/node_modules/ts-node/dist/bin.js', '--transpile-only')],
    [options('--max-old-space-size=512 --import tsx')],
    [options('--import "tsx"')],
  ])('%j', (given) => {
    expect(hasLoader(given)).toBe(true);
  });

  test.each([
    [flags()],
    [flags('--import', './instrumentation.mjs')],
    [flags('--require', 'dd-trace/init')],
    [flags('--require', './tsx.js')],
    [flags('--import', '/home/tsx/preload.mjs')],
    [flags('--title', 'tsx')],
    [flags('--conditions=tsx')],
    [options('--enable-source-maps')],
  ])('not in %j', (given) => {
    expect(hasLoader(given)).toBe(false);
  });

  test('what may be one', () => {
    expect(hasPreload(flags('--import', './hooks.mjs'))).toBe(true);
    expect(hasPreload(options('-r ./hooks.cjs'))).toBe(true);
    expect(hasPreload(flags('--enable-source-maps'))).toBe(false);
  });
});

describe('type stripping', () => {
  const versions = (node) => ({ node, amaro: '1.0.0' });

  test.each([
    ['22.18.0', true],
    ['22.17.9', false],
    ['23.5.0', false],
    ['23.6.0', true],
    ['24.0.0', true],
    ['26.10.0', true],
  ])('Node %s: %s', (node, expected) => {
    expect(stripsTypes(flags(), versions(node))).toBe(expected);
  });

  test('a Node that has none', () => {
    expect(stripsTypes(flags('--experimental-strip-types'), { node: '20.20.0' })).toBe(false);
    expect(stripsTypes(flags(), { node: '24.0.0' })).toBe(false);
  });

  test('flags have the last word', () => {
    expect(stripsTypes(flags('--experimental-strip-types'), versions('22.6.0'))).toBe(true);
    expect(stripsTypes(flags('--experimental-transform-types'), versions('22.7.0'))).toBe(true);
    expect(stripsTypes(options('--experimental-strip-types'), versions('22.6.0'))).toBe(true);
    expect(stripsTypes(flags('--no-experimental-strip-types'), versions('22.18.0'))).toBe(false);
    expect(stripsTypes(flags('--no-strip-types'), versions('26.0.0'))).toBe(false);
    expect(stripsTypes({ execArgv: ['--strip-types'], nodeOptions: '--no-strip-types' }, versions('26.0.0'))).toBe(
      true,
    );
  });
});

test.each([
  ['18.18.2', false],
  ['18.19.0', true],
  ['20.5.1', false],
  ['20.6.0', true],
  ['22.0.0', true],
])('module.register in Node %s: %s', (node, expected) => {
  expect(canRegister(node)).toBe(expected);
});

describe('one that the project has', () => {
  const none = process.versions.amaro ? flags('--no-experimental-strip-types') : flags();
  const installed = (name, files) =>
    Object.fromEntries(Object.entries(files).map(([file, text]) => [`node_modules/${name}/${file}`, text]));
  const tsx = installed('tsx', {
    'package.json': '{"type":"module","exports":{".":"./dist/loader.mjs"}}',
    'dist/loader.mjs': '',
  });
  const swc = installed('@swc-node/register', {
    'package.json':
      '{"main":"index.js","exports":{".":"./index.js","./esm-register":{"import":"./esm/esm-register.mjs"}}}',
    'index.js': '',
    'esm/esm-register.mjs': '',
  });
  const tsNode = installed('ts-node', {
    'package.json': '{}',
    'register/transpile-only.js': '',
    'esm/transpile-only.mjs': '',
  });
  const find = (cwd, file = 'src/app.ts', given = none) =>
    findLoader({ field: 'exec', value: file, files: [path.join(cwd, file)], options: given, cwd });
  const project = (...packages) =>
    folder(Object.assign({ 'package.json': '{}', 'src/app.ts': '', 'src/app.mts': '' }, ...packages));

  test('tsx before @swc-node before ts-node', () => {
    expect(find(project(tsNode, swc, tsx)).import[0]).toContain('/node_modules/tsx/dist/loader.mjs');
    expect(find(project(tsNode, swc)).require[0]).toContain('/node_modules/@swc-node/register/index.js');
    expect(find(project(tsNode)).require[0]).toContain('/node_modules/ts-node/register/transpile-only.js');
  });

  test('what it needs is absolute', () => {
    const { import: hooks } = find(project(tsx));
    expect(hooks).toEqual([expect.stringMatching(/^file:\/\/\/.*\/node_modules\/tsx\/dist\/loader\.mjs$/)]);
  });

  test("@swc-node's ES hook is for ES modules only", () => {
    const cwd = project(swc);
    expect(find(cwd, 'src/app.ts').import).toEqual([]);
    expect(find(cwd, 'src/app.mts').import).toEqual([expect.stringContaining('/esm/esm-register.mjs')]);
  });

  test('nothing for JavaScript, nor beside a loader that is there', () => {
    const cwd = project(tsx);
    expect(find(cwd, 'src/app.js')).toBeUndefined();
    expect(find(cwd, 'src/app.ts', flags('--import', 'jiti/register'))).toBeUndefined();
  });

  test("of the script's own folder, where `cwd` has none", () => {
    const cwd = folder({ 'package.json': '{}', 'apps/one/package.json': '{}', 'apps/one/app.ts': '' });
    const nested = Object.fromEntries(Object.entries(tsx).map(([file, text]) => [`apps/one/${file}`, text]));
    const other = folder({ 'package.json': '{}', 'apps/one/app.ts': '', ...nested });
    expect(find(other, 'apps/one/app.ts').import).toHaveLength(1);
    expect(() => find(cwd, 'apps/one/app.ts')).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });

  test('none: the error names the field and what to do', () => {
    const cwd = project();
    expect(() => find(cwd)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining(cwd) }),
    );
    expect(() => find(cwd)).toThrow(/`exec`.*'src\/app\.ts'.*tsx.*execArgv/);
  });

  test("a preload of the project's own may be one", () => {
    expect(find(project(), 'src/app.ts', flags(...none.execArgv, '--import', './hooks.mjs'))).toBeUndefined();
  });

  test('.tsx is more than Node strips', () => {
    expect(() => find(project(), 'src/app.tsx', flags())).toThrow('`exec`');
  });

  test('the flags come before those of the config, and after the preload', () => {
    const cwd = project(tsx);
    const settings = normalize({
      exec: 'src/app',
      cwd,
      mode: 'production',
      execArgv: [...none.execArgv, '--no-warnings'],
      alone: false,
    });
    const { worker } = toLaunch(settings);
    expect(worker.args.slice(3)).toEqual([
      ...toFlags(settings.workerLoader),
      ...settings.execArgv,
      path.join(cwd, 'src/app.ts'),
    ]);
    expect(worker.args[1]).toBe('--require');
    expect(worker.args[2]).toMatch(/preload\/index\.js$/);
  });

  const toFlags = (loader) =>
    Object.entries(loader).flatMap(([flag, modules]) => modules.flatMap((module) => [`--${flag}`, module]));
});

test('a script in JavaScript needs none', () => {
  expect(loaderFor('exec', 'app.js', ['/app/app.js'], { cwd: '/app' })).toBeUndefined();
});

test('the alone folder: by name, with subfolders, without declarations', () => {
  const names = ['a.ts', 'b.mts', 'c.cts', 'd.js', 'deeper/more/x.ts', 'deeper/y.js', 'e.mjs', 'f.cjs'];
  const others = [
    'a.d.ts',
    'b.d.mts',
    'c.d.cts',
    '.hidden.ts',
    'data.json',
    'view.tsx',
    '.git/x.js',
    'node_modules/x/x.js',
    'd.test.js',
    '__tests__/x.js',
  ];
  const files = folder(Object.fromEntries([...names, ...others].map((name) => [name, ''])));
  fs.symlinkSync('..', path.join(files, 'deeper/circle'));
  expect(listAloneFiles(files).map((file) => path.relative(files, file))).toEqual(names);
});

test('the alone folder: what is compiled, where it lies beside its source', () => {
  const files = folder({ 'a.ts': '', 'a.js': '', 'b.mts': '', 'b.mjs': '', 'c.ts': '', 'c.mjs': '' });
  expect(listAloneFiles(files).map((file) => path.basename(file))).toEqual(['a.js', 'b.mjs', 'c.mjs', 'c.ts']);
});

describe('what a script is', () => {
  const files = folder({
    'package.json': '{"type":"module"}',
    'app.ts': '',
    'cjs/package.json': '{}',
    'cjs/app.ts': '',
    'broken/package.json': '{',
  });
  test.each([
    ['app.ts', true],
    ['deeper/app.js', true],
    ['app.cts', false],
    ['app.cjs', false],
    ['cjs/app.ts', false],
    ['cjs/app.mts', true],
    ['cjs/app.mjs', true],
    ['broken/app.js', false],
  ])('%s: an ES module: %s', (name, expected) => {
    expect(isModule(path.join(files, name))).toBe(expected);
  });

  test.each([
    ['app.ts', true],
    ['app.mts', true],
    ['app.cts', true],
    ['app.tsx', true],
    ['app.js', false],
    ['app.json', false],
    ['ts', false],
  ])('%s: TypeScript: %s', (name, expected) => {
    expect(isTypeScript(name)).toBe(expected);
  });
});
