'use strict';
// errors.md: a section for each code.

const ts = require('typescript');
const { comment, plain } = require('./declarations');
const { markdown } = require('./prose');

const page = 'errors.md';
const UNIONS = [
  ['ClusterErrorCode', 'Errors'],
  ['ChildErrorCode', "Errors of a child, as an error's cause"],
  ['ClusterWarningCode', 'Process warnings'],
];

/** The members of a union with what stands before them: a comment of each, and of the first of a group a line with its title. TypeScript
 *  doesn't attach comments to types. */
function codes(alias) {
  const source = alias.getSourceFile();
  const scanner = ts.createScanner(
    ts.ScriptTarget.Latest,
    false,
    ts.LanguageVariant.Standard,
    source.text,
    undefined,
    alias.type.pos,
  );
  const found = [];
  let before = {};
  while (scanner.getTokenStart() < alias.type.end) {
    const kind = scanner.scan();
    if (kind === ts.SyntaxKind.EndOfFileToken || kind === ts.SyntaxKind.SemicolonToken) break;
    if (kind === ts.SyntaxKind.SingleLineCommentTrivia)
      before.group = scanner
        .getTokenText()
        .replace(/^\/\/\s*/, '')
        .replace(/[.:].*$/, '');
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia) before.text = plain(scanner.getTokenText());
    if (kind !== ts.SyntaxKind.StringLiteral) continue;
    found.push({ code: scanner.getTokenValue(), ...before });
    before = {};
  }
  return found;
}

module.exports = (declarations) => [
  '# Errors and warnings',
  'Codes are stable, messages may change: compare `error.code`. For what to do about each, see [Troubleshooting](../guide/troubleshooting.md).',
  ...UNIONS.flatMap(([name, title]) => {
    const [alias] = declarations.get(name);
    return [
      `## ${name}`,
      `${title}: ${markdown(comment(alias).text, { page })}`,
      ...codes(alias).flatMap(({ code, group, text }) => [
        ...(group ? [`**${group}**`] : []),
        `### ${code}`,
        markdown(text, { page }),
      ]),
    ];
  }),
];
