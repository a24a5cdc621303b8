'use strict';
// What the declaration files export, with its comments.

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const root = path.join(__dirname, '../../..');
const FILES = [
  'index.d.ts',
  ...fs
    .readdirSync(path.join(root, 'lib/types'))
    .filter((name) => name.endsWith('.d.ts'))
    .sort()
    .map((name) => `lib/types/${name}`),
];

function sourceFile(name) {
  const text = fs.readFileSync(path.join(root, name), 'utf8');
  return ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
}

/** The nodes of each exported name, in the order of the files; a function with overloads has several. ClusterChild, the base of two
 *  classes, is among them. */
function declarations() {
  const found = new Map();
  for (const statement of FILES.flatMap((name) => [...sourceFile(name).statements])) {
    if (!statement.name || !ts.isIdentifier(statement.name)) continue;
    const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    const name = statement.name.text;
    if (isExported || name === 'ClusterChild') found.set(name, [...(found.get(name) ?? []), statement]);
  }
  return found;
}

/** Members that a reader is to see, those of one name together: [name, nodes]. */
function members(node) {
  const found = new Map();
  for (const member of node.members) {
    const isHidden = member.modifiers?.some(
      ({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword,
    );
    if (isHidden) continue;
    const name = ts.isConstructorDeclaration(member) ? 'constructor' : member.name.getText();
    found.set(name, [...(found.get(name) ?? []), member]);
  }
  return [...found];
}

/** A comment without its stars. */
function plain(comment) {
  const lines = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n');
  return lines
    .map((line, index) => (index === 0 ? line.trim() : line.replace(/^\s*\* ?/, '').trimEnd()))
    .join('\n')
    .trim();
}

/** A node's comment: its text, and its tags as [tag, text]. */
function comment(...nodes) {
  const found = nodes.map((node) => ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1)).find(Boolean);
  const [text, ...tags] = found ? plain(found.getText()).split(/^@(?=\w)/m) : [''];
  return { text: text.trim(), tags: tags.map((tag) => [/^\w+/.exec(tag)[0], tag.replace(/^\w+\s*/, '').trim()]) };
}

/** A declaration on one line, without its comments. */
function signature(node) {
  const printer = ts.createPrinter({ removeComments: true });
  const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
  return text
    .replace(/^(?:export |declare |readonly )+/, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/;$/, '');
}

module.exports = { declarations, members, comment, plain, signature };
