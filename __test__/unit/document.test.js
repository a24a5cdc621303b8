'use strict';
// yunfly's document: no sentence is without its test (e2e/document), and our own documents show its snippets.

const fs = require('node:fs');
const path = require('node:path');
const { documents, read } = require('../../scripts/docs/markdown');

const folder = path.join(__dirname, '../e2e/document');
const snippets = path.join(__dirname, '../fixtures/document');

/** The sections of the table: `## 2 title – name.test.js`, and below it lines that begin with `| 2.1 |` and end with the sentence. */
const sections = fs
  .readFileSync(path.join(folder, 'README.md'), 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const [, number, file] = /^(\d+) .* – (\S+)$/m.exec(text);
    const lines = text.split('\n').filter((line) => /^\| \d/.test(line));
    const sentences = lines.map((line) => {
      const cells = line.slice(2, -2).split(' | ');
      return { number: cells[0], sentence: cells.at(-1) };
    });
    return { number: Number(number), file, sentences };
  });

/** The names of a file's tests that run: those of `test(…)`, not of `test.skip(…)`. */
const testNames = (file) =>
  [...fs.readFileSync(path.join(folder, file), 'utf8').matchAll(/^ *test\((['"])((?:\\.|(?!\1).)+)\1,/gm)].map(
    ([, , name]) => name.replace(/\\(.)/g, '$1'),
  );

test('sections and sentences are numbered without a gap, and each file has its section', () => {
  expect(sections.map(({ number }) => number)).toEqual(sections.map((_section, index) => index + 1));
  for (const { number, sentences } of sections)
    expect(sentences.map((each) => each.number)).toEqual(sentences.map((_each, index) => `${number}.${index + 1}`));
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.test.js'));
  expect(files.sort()).toEqual(sections.map(({ file }) => file).sort());
});

test.each(sections)('$file: each sentence is a test, and each test a sentence', ({ file, sentences }) => {
  expect(testNames(file).sort()).toEqual(sentences.map(({ number, sentence }) => `${number} ${sentence}`).sort());
});

test.each([
  ['README.md', 'docs/en/'],
  ['README.zh-CN.md', 'docs/zh/'],
])('%s or %s shows the same code', (readme, language) => {
  const shownIn = documents().filter((name) => name === readme || name.startsWith(language));
  const code = (source) =>
    source
      .split('\n')
      .map((line) => line.replace(/\/\/.*/, '').trim())
      .filter(Boolean);
  const shown = code(shownIn.map(read).join('\n')).join('\n');
  for (const name of [
    'worker-to-alone.worker',
    'worker-to-alone.alone',
    'alone-to-worker.alone',
    'alone-to-worker.worker',
    'random-worker.check',
    'set-interval',
  ]) {
    const snippet = fs.readFileSync(path.join(snippets, `${name}.ts`), 'utf8');
    expect(shown).toContain(code(snippet).join('\n'));
  }
});
