'use strict';
// The checks of the documents find what they are there for.

const { isSameCode } = require('../../scripts/docs/same-code');
const { commands, fault } = require('../../scripts/docs/shell');
const { runs } = require('../../scripts/docs/snippets');
const { faults } = require('../../scripts/docs/type-check');

const PACKAGE = `'@yunflyjs/cluster-native'`;

describe('types', () => {
  const snippet = (code, language, isFragment, line) => ({ document: 'page.md', line, language, isFragment, code });
  const cases = [
    ['cluster.relod();', 'js', 'relod'],
    ['await cluster.reload({ environment: {} });', 'js', 'environment'],
    [`startCluster({ exec: './app.js', cout: 4 });`, 'js', 'cout'],
    [`startCluster({ exec: './app.js', balance: 'random' });`, 'js', 'random'],
    [`const { startClustr } = require(${PACKAGE});`, 'js', 'startClustr'],
    [`import { startClustr } from ${PACKAGE};`, 'ts', 'startClustr'],
    [`cluster.on('exitt', () => {});`, 'js', 'exitt'],
    [`process.on('yunfly:drain', ({ waitUntill }) => waitUntill(1));`, 'js', 'waitUntill'],
    ['const x = ;', 'js', 'Expression expected'],
  ];
  const fromElsewhere = `import pool from 'some-pool';\npool.end(database as number);\n`;
  const FRAGMENT = 10_000;
  const WHOLE = 20_000;
  // All in one program: that is what takes its time.
  const found = faults([
    ...cases.map(([code, language], index) => snippet(code, language, true, 100 * (index + 1))),
    snippet(fromElsewhere, 'ts', true, FRAGMENT),
    snippet(fromElsewhere, 'ts', false, WHOLE),
  ]);
  /** What was found in the first lines of the snippet at this line. */
  const foundIn = (line) => found.filter((each) => [1, 2].includes(Number(/^page\.md:(\d+): /.exec(each)[1]) - line));

  test.each(cases.map(([code, , word], index) => [code, word, index]))('%s', (_code, word, index) => {
    expect(foundIn(100 * (index + 1)).join()).toContain(word);
  });

  test('a fragment need not say where names and modules come from; a whole file must', () => {
    expect(foundIn(FRAGMENT)).toEqual([]);
    expect(foundIn(WHOLE)).toHaveLength(2);
  });
});

describe('commands', () => {
  const read = (code, isFragment = false) => commands({ where: 'page.md:1', code, isFragment });

  test('assignments, comments, prompts, and lines that go on', () => {
    const [first, second] = read(
      '$ NODE_ENV=production node start.js  # as a server\nnpx cluster-native --prod \\\n  app.js\n',
    );
    expect(first).toMatchObject({ words: ['node', 'start.js'], env: { NODE_ENV: 'production' }, isRun: true });
    expect(second).toMatchObject({ words: ['cluster-native', '--prod', 'app.js'], isRun: true });
  });

  test.each([
    ['terraform apply', 'terraform is not known'],
    ['npm run nothing', 'no such script'],
    ['npx cluster-native --cout 4 app.js', '--count'],
    ['kill $(cat pid) && node $FILE', 'fragment'],
  ])('%s', (code, word) => {
    expect(
      read(code)
        .map((each) => fault(each, ['test']))
        .join(),
    ).toContain(word);
  });

  test('a fragment is not run, but its options must exist', () => {
    const [command] = read('npx cluster-native --cout 4 app.js', true);
    expect(command.isRun).toBe(false);
    expect(fault(command, [])).toContain('--count');
  });
});

test.each([
  ['const a = 1; // one', 'const a = 1;\n// 一', true],
  [`console.log('ready')`, `console.log('已就绪')`, true],
  ['`${a} ready`', '`${a} 已就绪`', true],
  [`f('./app.js')`, `f('./server.js')`, false],
  ['f(1)', 'f(2)', false],
])('%s and %s: the same is %s', (one, other, isSame) => {
  expect(isSameCode(one, other)).toBe(isSame);
});

describe('what is run of a page', () => {
  const project = (files, lines = []) => ({
    files: new Map(
      Object.entries(files).map(([name, code]) => [
        name,
        { name, code, language: name.split('.').at(-1), where: 'page.md:1' },
      ]),
    ),
    unnamed: [],
    lines,
  });
  const started = `startCluster({ exec: './app' });`;

  test('what starts a cluster', () => {
    const [run, ...others] = runs(project({ 'start.js': started, 'app.js': '' }));
    expect(run.command).toEqual(['node', 'start.js']);
    expect(others).toEqual([]);
  });

  test('what a command starts, once', () => {
    const lines = commands({ where: 'page.md:9', code: 'node start.js', isFragment: false });
    expect(runs(project({ 'start.js': started, 'app.js': '' }, lines))).toHaveLength(1);
  });

  test('a worker, and a part of the alone, by themselves', () => {
    expect(runs(project({ 'app.js': '' }))).toMatchObject([{ start: { exec: './app.js' } }]);
    expect(runs(project({ 'src/alone/clock.ts': '' }))).toMatchObject([{ start: { alone: './src/alone' } }]);
  });

  test('a file that nobody uses is a fault', () => {
    expect(runs(project({ 'start.js': started, 'app.js': '', 'helper.js': '' }))).toMatchObject([
      {},
      { fault: expect.stringContaining('helper.js') },
    ]);
  });
});
