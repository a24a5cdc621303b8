'use strict';
// The blocks of code of README and docs, and the projects that those with file names make: what the tests run.

const ts = require('typescript');
const { blocks, documents } = require('./markdown');
const { commands } = require('./shell');

/** Whose code other tests look at. */
const ELSEWHERE = [
  // __test__/e2e/shutdown/shutdown-recipes*.test.js run it against real servers.
  /^docs\/(?:en|zh)\/guide\/shutdown-recipes\.md$/,
  // Written from the declarations, which `npm run test:types` checks.
  /^docs\/en\/reference\/(?:api|configuration|errors|events)\.md$/,
];
const CODE = ['js', 'ts'];
const DATA = ['json', 'yaml', 'ini', 'dockerfile'];
/** What a block may be; nothing is looked at in `txt`. */
const LANGUAGES = [...CODE, ...DATA, 'sh', 'txt'];

const NAME = /^(?:\/\/|#) ([\w./-]+\.\w+)\n/;

/** `name`: the file that a first line with nothing but a comment names. */
function snippet(block) {
  const name = NAME.exec(block.code)?.[1];
  const isFragment = block.marks.includes('fragment');
  // JSON has no comments.
  const code = name && block.language === 'json' ? block.code.replace(NAME, '') : block.code;
  return { ...block, code, name, isFragment, where: `${block.document}:${block.line}` };
}

const pages = () =>
  documents().filter(
    (name) => /^(?:README.*\.md$|docs\/(?:en|zh)\/)/.test(name) && !ELSEWHERE.some((pattern) => pattern.test(name)),
  );

const snippetsOf = (document) => blocks(document).map(snippet);

const STARTS = ['startCluster', 'createCluster'];

/** Whether it calls what starts a cluster. */
function startsCluster({ code }) {
  const visit = (node) => {
    const called = ts.isCallExpression(node) || ts.isNewExpression(node) ? node.expression.getText() : '';
    return STARTS.includes(called.split('.').at(-1)) || called === 'Cluster' || ts.forEachChild(node, visit) || false;
  };
  return visit(ts.createSourceFile('snippet.ts', code, ts.ScriptTarget.Latest, true));
}

/** A page's files, in order. Where a name comes again, what follows is another project: the files of before with those that changed. */
function projects(document) {
  const found = [{ document, files: new Map(), unnamed: [], lines: [] }];
  for (const each of snippetsOf(document)) {
    if (each.isFragment) continue;
    let project = found.at(-1);
    if (each.name && project.files.has(each.name)) {
      project = { document, files: new Map(project.files), unnamed: [], lines: [] };
      found.push(project);
    }
    if (each.language === 'sh') project.lines.push(...commands(each).filter(({ isRun }) => isRun));
    else if (each.name) project.files.set(each.name, each);
    else if (CODE.includes(each.language)) project.unnamed.push(each);
  }
  return found;
}

const isCode = ({ language }) => CODE.includes(language);
const withoutExtension = (name) => name.replace(/\.\w+$/, '');

/** Whether another file of the project, or a command, speaks of this one or of its folder. */
function isUsed(name, { files, lines }) {
  const names = [name, withoutExtension(name), name.split('/')[0]];
  const isSpokenOf = (text) => names.some((each) => text.includes(`'./${each}'`) || text.includes(`'${each}'`));
  const others = [...files.values()].filter((each) => each.name !== name);
  return (
    others.some(({ code }) => isSpokenOf(code.replaceAll('"', "'"))) ||
    lines.some(({ words }) => words.some((word) => names.includes(word.replace(/^\.\//, ''))))
  );
}

/** What is to be run of a project: `{ title, command, env }`, or `{ title, fault }` of what nobody runs. */
function runs(project) {
  const { files, lines, unnamed } = project;
  const code = [...files.values()].filter(isCode);
  const typed = lines.map(({ where, words, env }) => ({ title: `${where} ${words.join(' ')}`, command: words, env }));
  const isTyped = ({ name }) => lines.some(({ words }) => words.includes(name) || words.includes(`./${name}`));
  const node = (name) => (name.endsWith('ts') ? ['tsx', name] : ['node', name]);
  const entries = code
    .filter((each) => startsCluster(each) && !isTyped(each))
    .map((each) => ({ title: `${each.where} ${each.name}`, command: node(each.name) }));
  const alone = unnamed.map((each) => {
    const name = `snippet-${each.line}.${each.language}`;
    return { title: each.where, command: node(name), files: { [name]: each.code }, ends: !startsCluster(each) };
  });
  const unused = code.filter((each) => !startsCluster(each) && !isTyped(each) && !isUsed(each.name, project));
  return [...typed, ...entries, ...alone, ...unused.map(byDefault)];
}

/** A worker or a part of the alone that its page shows by itself gets a start file. */
function byDefault({ name, where }) {
  const title = `${where} ${name}`;
  const alone = /^(?:src\/)?alone(?=\/|\.\w+$)/.exec(name);
  if (alone)
    return { title, command: ['node', 'start-by-default.js'], start: { exec: './app.js', alone: `./${alone[0]}` } };
  if (/\b(?:app|server|worker)\.\w+$/.test(name))
    return { title, command: ['node', 'start-by-default.js'], start: { exec: `./${name}`, alone: false } };
  return { title, fault: `nobody runs ${name}: show what starts it, call it app.js, or mark the block as a fragment` };
}

module.exports = { CODE, LANGUAGES, pages, snippetsOf, projects, runs, startsCluster };
