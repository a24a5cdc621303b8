'use strict';
// The package as users import it: by name, from a project that has it in node_modules.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);
jest.setTimeout(120_000);

const root = path.join(__dirname, '../..');
const NAME = '@yunflyjs/cluster-native';
/** What package.json has it replace by an alias. */
const ALIAS = '@yunflyjs/yunfly-cluster';

function project(files) {
  const made = folder(files);
  fs.mkdirSync(path.join(made, 'node_modules/@yunflyjs'), { recursive: true });
  for (const name of [NAME, ALIAS]) fs.symlinkSync(root, path.join(made, 'node_modules', name));
  fs.symlinkSync(path.join(root, 'node_modules/@types'), path.join(made, 'node_modules/@types'));
  return made;
}

const run = (cwd, args) =>
  execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The declarations of the language and of Node, the same for all: parsed once. */
const declarations = new Map();

/** What `tsc` finds wrong with these arguments, without what is in declarations of others. */
function faults(cwd, args) {
  const { options, fileNames } = ts.parseCommandLine(args);
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getCurrentDirectory = () => cwd;
  host.getSourceFile = (file, settings, ...rest) => {
    if (!file.includes('node_modules/typescript/') && !file.includes('node_modules/@types/'))
      return getSourceFile(file, settings, ...rest);
    const key = `${file} ${settings.impliedNodeFormat}`;
    if (!declarations.has(key)) declarations.set(key, getSourceFile(file, settings, ...rest));
    return declarations.get(key);
  };
  const files = fileNames.map((file) => path.join(cwd, file));
  const program = ts.createProgram(files, options, host);
  const ours = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('node_modules/'));
  expect(ours.map(({ fileName }) => fileName)).toEqual(
    expect.arrayContaining([...files, path.join(root, 'index.d.ts')]),
  );
  return [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ].map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

test('import and require give the same objects, by the same names', () => {
  const cwd = project({
    'all.mjs': `
      import { createRequire } from 'node:module';
      import * as all from '${NAME}';
      const required = createRequire(import.meta.url)('${NAME}');
      const { default: whole, ...named } = all;
      const same = Object.entries(named).every(([name, value]) => required[name] === value);
      console.log(JSON.stringify({ named: Object.keys(named), same, whole: whole === required }));
    `,
  });
  const { named, same, whole } = JSON.parse(run(cwd, ['all.mjs']));
  expect(named).toEqual(Object.keys(require('../..')).sort());
  expect({ same, whole }).toEqual({ same: true, whole: true });
});

test('package.json can be asked for; what is inside cannot', () => {
  const cwd = project({ 'package.json': '{}' });
  expect(JSON.parse(run(cwd, ['-p', `JSON.stringify(require('${NAME}/package.json').name)`]))).toBe(NAME);
  expect(() => run(cwd, ['-e', `require('${NAME}/native.js')`])).toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
});

describe("in place of yunfly's cluster package", () => {
  const say = (name) => `console.log(typeof ${name}, typeof ${name}.startCluster, ${name} === ${name}.default);`;
  const source = `
    import yunfly, { getAloneClient } from '${ALIAS}';
    import same, { getWorkerClient } from '${NAME}/yunfly';
    ${say('yunfly')}
    console.log(same === yunfly, getAloneClient === yunfly.getAloneClient, getWorkerClient === yunfly.getWorkerClient);`;
  const compiled = (esModuleInterop) =>
    ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.CommonJS, esModuleInterop } }).outputText;
  const cwd = project({
    'required.js': `const yunfly = require('${ALIAS}').default; ${say('yunfly')} console.log('__esModule' in yunfly);`,
    'imported.mjs': source,
    'named.mjs': `
      import { startCluster, request } from '${NAME}/yunfly';
      import yunfly from '${NAME}/yunfly';
      console.log(startCluster === yunfly.startCluster, request === yunfly.request);`,
    'interop.js': compiled(true),
    'no-interop.js': compiled(false),
  });

  test.each(['imported.mjs', 'interop.js', 'no-interop.js'])('the default import is the function: %s', (file) => {
    expect(run(cwd, [file])).toBe('function function true\ntrue true true\n');
  });

  test('every name can be imported', () => {
    expect(run(cwd, ['named.mjs'])).toBe('true true\n');
  });

  test("require(…).default, as yunfly's framework has it", () => {
    expect(run(cwd, ['required.js'])).toBe('function function true\nfalse\n');
  });
});

describe('types', () => {
  const yunfly = `
    import startCluster, { getAloneClient, createCluster } from '${ALIAS}';
    import same, { getWorkerClient } from '${NAME}/yunfly';
    const master = startCluster({ exec: 'app', port: '3000', isWatch: true }, function () { this.cluster.stats(); });
    master.ready(() => undefined).reloadAppWorker().then((report) => report?.ok);
    same({ exec: 'app', port: 3000, mode: 'test', killTimeout: 1000 });
    getAloneClient().subscribe({ key: 'a' }, (value: string) => value.length);
    getWorkerClient().publish({ key: 'a', value: 1 });
    export const whole: typeof createCluster = startCluster.createCluster;
    // @ts-expect-error the port is required
    startCluster({ exec: 'app' });
    // @ts-expect-error there is no such export
    startCluster.nonsense();
  `;
  const cwd = project({
    'package.json': '{}',
    'yunfly.ts': yunfly,
    'yunfly.mts': yunfly,
    'yunfly.cts': `
      import yunfly = require('${NAME}/yunfly');
      yunfly({ exec: 'app', port: 3000 }).closeApp();
      require('${ALIAS}').default({ exec: 'app', port: 3000 });
    `,
    'use.ts': `
      import { startCluster, request, ClusterError, type ClusterConfig } from '${NAME}';
      const config: ClusterConfig = { exec: 'app.ts' };
      export const size = startCluster(config, (cluster) => cluster.workers.size).then((cluster) => cluster.workers.size.toFixed());
      export { request, ClusterError };
      // @ts-expect-error exec is required
      startCluster({});
    `,
    'use.mts': `
      import cluster, { startCluster, Cluster, type ReloadReport } from '${NAME}';
      export const made: Cluster = cluster.createCluster({ exec: 'app.mts' });
      export const same: typeof startCluster = cluster.startCluster;
      export const report: Promise<ReloadReport> = made.reload();
      // @ts-expect-error there is no such export
      cluster.nonsense();
    `,
    'use.cts': `
      import cluster = require('${NAME}');
      export const made: cluster.Cluster = cluster.createCluster({ exec: 'app.cts' });
    `,
  });
  test.each([
    ['node16', ['--module', 'node16', 'use.ts', 'use.mts', 'use.cts', 'yunfly.ts', 'yunfly.mts', 'yunfly.cts']],
    ['nodenext', ['--module', 'nodenext', 'use.ts', 'use.mts', 'use.cts', 'yunfly.ts', 'yunfly.mts', 'yunfly.cts']],
    [
      'bundler',
      ['--module', 'esnext', '--moduleResolution', 'bundler', 'use.ts', 'use.mts', 'yunfly.ts', 'yunfly.mts'],
    ],
    ['node10', ['--module', 'commonjs', '--moduleResolution', 'node10', 'use.ts', 'yunfly.ts']],
    ['node10, interop', ['--module', 'commonjs', '--moduleResolution', 'node10', '--esModuleInterop', 'yunfly.ts']],
  ])('moduleResolution %s', (_name, args) => {
    const common = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node'];
    expect(faults(cwd, [...common, ...args])).toEqual([]);
  });
});
