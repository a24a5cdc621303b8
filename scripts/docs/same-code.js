'use strict';
// Whether two pieces of code are the same but for what is written for readers: comments, and texts in one of the languages.

const ts = require('typescript');

const TEXTS = [
  ts.SyntaxKind.StringLiteral,
  ts.SyntaxKind.NoSubstitutionTemplateLiteral,
  ts.SyntaxKind.TemplateHead,
  ts.SyntaxKind.TemplateMiddle,
  ts.SyntaxKind.TemplateTail,
];
const isChinese = (text) => /\p{Script=Han}/u.test(text);

/** The tokens in order, without comments. The parser finds them: a scanner alone can't tell a template's middle from a block's end. */
function tokens(code) {
  const found = [];
  const visit = (node) => {
    if (node.getChildCount() > 0) node.getChildren().forEach(visit);
    else if (node.end > node.getStart()) found.push({ text: node.getText(), isText: TEXTS.includes(node.kind) });
  };
  visit(ts.createSourceFile('code.ts', code, ts.ScriptTarget.Latest, true));
  return found;
}

const isSameToken = (a, b) => a.text === b?.text || (a.isText && b?.isText && (isChinese(a.text) || isChinese(b.text)));

function isSameCode(one, other) {
  if (one === other) return true;
  const [a, b] = [tokens(one), tokens(other)];
  return a.length === b.length && a.every((token, index) => isSameToken(token, b[index]));
}

module.exports = { isSameCode };
