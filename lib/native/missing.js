'use strict';
// What is said of a native binding that is not there, or that does not load here.

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '../..');
const { name, napi } = require('../../package.json');

/** Only a clone of the repository has this file: the package's `files` leave it out. */
const isClone = () => fs.existsSync(path.join(root, 'scripts/prepare.js'));

/** The part of the binding's file name that native.js chooses by: `linux-x64-gnu`. */
function bindingTarget() {
  const { platform, arch } = process;
  if (platform !== 'linux') return `${platform}-${arch}`;
  return `${platform}-${arch}-${isMusl() ? 'musl' : 'gnu'}${arch === 'arm' ? 'eabihf' : ''}`;
}

/** As native.js finds it out. A report asks the name server for each open socket and waits (https://github.com/nodejs/node/issues/55576):
 *  it comes last, and without its network, which Node 18 does not know how to leave out. */
function isMusl() {
  try {
    return fs.readFileSync('/usr/bin/ldd', 'utf8').includes('musl');
  } catch {
    return isMuslByReport();
  }
}

function isMuslByReport() {
  const { report } = process;
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  try {
    // Only glibc is named: https://nodejs.org/api/report.html
    return report.getReport().header.glibcVersionRuntime === undefined;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

/** Each file and package that native.js looked for, and why it could not be had. native.js links what failed by `cause`. */
function reasons(error) {
  const found = [];
  for (let cause = error.cause ?? error; cause; cause = cause.cause) found.unshift(cause.message.split('\n', 1)[0]);
  return found.filter((reason) => !/cluster-native(\.wasi\.cjs|-wasm32-wasi)/.test(reason));
}

const listed = (lines) => lines.map((line) => `  - ${line}`).join('\n');
const prebuilt = () => `A release has prebuilt bindings for ${napi.targets.join(', ')}.`;

function missingMessage(error) {
  const remedy = isClone()
    ? 'This is a clone of the repository: build it with `npm run build`.'
    : `Optional dependencies may have been left out (--omit=optional, or a package-lock.json that was made on another platform:
https://github.com/npm/cli/issues/4828): install again with them, if need be without node_modules and the lock file.
Or run the package's install step, which --ignore-scripts, npm 12 and pnpm 10 leave out, to build it with Rust (https://rustup.rs):
  node ${path.join(__dirname, 'install.js')}
${prebuilt()}`;
  return `${name} has no native binding that loads on ${bindingTarget()} with Node ${process.version}. Looked for:
${listed(reasons(error))}
${remedy}`;
}

module.exports = { bindingTarget, isClone, listed, missingMessage, prebuilt, reasons };
