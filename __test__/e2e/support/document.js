'use strict';
// The snippets of yunfly's document, verbatim (fixtures/document), as users have them in their projects.

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');
const { fixture } = require('./cluster');
const { root } = require('./project');

const snippet = (name) => fs.readFileSync(fixture(`document/${name}`), 'utf8');

const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
/** As a build step makes it: CommonJS without types. */
const compile = (source) => ts.transpileModule(source, { compilerOptions }).outputText;
const compiled = (name) => compile(snippet(`${name}.ts`));

const required = (name) => `require(${JSON.stringify(path.join(root, name))})`;
/** What `require('sendmessage')` may give. Version 3 exports an object, so its users write require('sendmessage').sendmessage. */
const SENDERS = {
  'npm sendmessage 1': required('node_modules/sendmessage-1'),
  'npm sendmessage 2': required('node_modules/sendmessage-2'),
  'npm sendmessage 3': `${required('node_modules/sendmessage-3')}.sendmessage`,
  'our sendmessage': `${required('.')}.sendmessage`,
};

/** The source of `send`: by the name of a sender, a function that runs this snippet with it. */
function sending(name) {
  const functions = Object.entries(SENDERS).map(
    ([sender, source]) => `${JSON.stringify(sender)}: () => run(() => ${source})`,
  );
  return `const send = (() => {
    const run = (require) => { ${compiled(name)} };
    return { ${functions.join(', ')} };
  })();`;
}

module.exports = { snippet, compiled, SENDERS, sending };
