'use strict';
// Every block of code of README and docs is at least read here; __test__/e2e/docs runs those that can run.

const fs = require('node:fs');
const path = require('node:path');
const yaml = require('yaml');
const { root } = require('../../scripts/docs/markdown');
const { isSameCode } = require('../../scripts/docs/same-code');
const { commands, fault } = require('../../scripts/docs/shell');
const { CODE, LANGUAGES, pages, snippetsOf } = require('../../scripts/docs/snippets');
const { faults } = require('../../scripts/docs/type-check');

const scripts = Object.keys(JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).scripts);
const snippets = pages().flatMap(snippetsOf);
const inLanguage = (...languages) => snippets.filter(({ language }) => languages.includes(language));
const places = (found) => found.map(({ where, language, marks }) => `${where} ${language} ${marks.join(' ')}`.trim());

test('each block says what it is in', () => {
  expect(snippets.length).toBeGreaterThan(20);
  expect(
    places(
      snippets.filter(
        ({ language, marks }) => !LANGUAGES.includes(language) || marks.some((mark) => mark !== 'fragment'),
      ),
    ),
  ).toEqual([]);
});

test('JavaScript and TypeScript: its syntax, and its use of the package', () => {
  expect(faults(inLanguage(...CODE))).toEqual([]);
});

test('commands are known, and the options of ours exist', () => {
  const typed = inLanguage('sh').flatMap(commands);
  expect(typed.map((command) => fault(command, scripts)).filter(Boolean)).toEqual([]);
});

/** systemd's files: sections, assignments and comments. */
const INI = /^(?:\[[\w-]+\]|[\w-]+=.*|[#;].*|)$/;
/** Dockerfile reference, "Instruction". */
const INSTRUCTION =
  /^(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR) \S/;

const readers = {
  json: (code) => JSON.parse(code),
  yaml: (code) =>
    yaml.parseAllDocuments(code).forEach(({ errors: [error] }) => {
      if (error) throw error;
    }),
  ini: (code) => lines(code, INI),
  dockerfile: (code) => lines(code.replace(/\\\n/g, ' ').replace(/^#.*\n/gm, ''), INSTRUCTION),
};

function lines(code, form) {
  const strange = code.split('\n').find((line) => line !== '' && !form.test(line));
  if (strange !== undefined) throw new Error(strange);
}

test.each(Object.entries(readers))('%s can be read', (language, read) => {
  const failures = inLanguage(language).map(({ where, code }) => {
    try {
      return read(code) && undefined;
    } catch (error) {
      return `${where}: ${error.message}`;
    }
  });
  expect(failures.filter(Boolean)).toEqual([]);
});

/** Its JavaScript and TypeScript that the other one lacks. */
const missing = (all, other) => places(all.filter(({ code }) => !other.some((each) => isSameCode(code, each.code))));

test.each(pages().filter((name) => /^docs\/en\/(?!reference\/)/.test(name)))(
  '%s and the Chinese page have the same code, but for comments and texts',
  (name) => {
    const [en, zh] = [name, name.replace('/en/', '/zh/')].map((document) =>
      snippetsOf(document).filter(({ language }) => CODE.includes(language)),
    );
    expect({ onlyEnglish: missing(en, zh), onlyChinese: missing(zh, en) }).toEqual({
      onlyEnglish: [],
      onlyChinese: [],
    });
  },
);
