'use strict';

// What the flags of a Node process, and its NODE_OPTIONS, say of loading TypeScript.

/** Packages that load TypeScript. Other preloads, of monitoring tools, say nothing of it. */
const NAMES =
  String.raw`(?:tsx|tsm|tsimp|jiti|amaro|sucrase|ts-node(?:-dev)?|ts-blank-space|esbuild-(?:register|runner)` +
  String.raw`|@(?:swc-node|esbuild-kit|oxc-node)/[\w-]+|@(?:swc|babel)/register)(?:[/"']|$)`;
const SPECIFIER = new RegExp(`^["']?${NAMES}`);
/** As their own commands leave it in process.execArgv: tsx a path for --import, ts-node that of its command. */
const INSTALLED = new RegExp(`/node_modules/${NAMES}`);
const PRELOAD = /^(?:-r|--require|--import|--loader|--experimental-loader)(?:=|$)/;
/** --experimental-strip-types since 22.6, later --strip-types, both with a negation; also --experimental-transform-types. */
const STRIPPING = /^--(no-)?(?:experimental-)?(?:strip|transform)-types$/;

/** The flags of this process, but not the code of `node --eval`, as child_process.fork() does. */
function ownFlags() {
  const flags = [...process.execArgv];
  const code = flags.lastIndexOf(process._eval);
  if (process._eval != null && code > 0) flags.splice(code - 1, 2);
  return flags;
}

/** Only a blank separates; double quotes hold together, and within them a backslash takes what follows it as it is. */
const WORD = /(?:[^ "]|"(?:\\.|[^"\\])*")+/gs;
const QUOTED = /"((?:\\.|[^"\\])*)"/gs;

/** The words of NODE_OPTIONS as Node reads them (ParseNodeOptionsEnvVar in src/node_options.cc). With a quote that is not closed
 *  no Node starts. */
function optionWords(nodeOptions = '') {
  const found = String(nodeOptions).match(WORD) ?? [];
  // An empty pair of quotes is no word.
  return found.map((word) => word.replace(QUOTED, (_quoted, text) => text.replace(/\\(.)/gs, '$1'))).filter(Boolean);
}

function words({ execArgv, nodeOptions }) {
  return [...optionWords(nodeOptions), ...execArgv];
}

/** What --require and the like are given. */
function preloads(options) {
  const all = words(options);
  return all.flatMap((word, at) => {
    if (!PRELOAD.test(word)) return [];
    return [word.includes('=') ? word.slice(word.indexOf('=') + 1) : (all[at + 1] ?? '')];
  });
}

function isAtLeast(version, [major, minor]) {
  const [itsMajor, itsMinor] = version.split('.').map(Number);
  return itsMajor > major || (itsMajor === major && itsMinor >= minor);
}

/** `options`: { execArgv, nodeOptions }. `versions`: process.versions; `amaro` is what strips the types, which a build of Node
 *  may be without. */
function stripsTypes(options, versions = process.versions) {
  if (!versions.amaro) return false;
  const asked = words(options)
    .map((word) => STRIPPING.exec(word))
    .filter(Boolean)
    .at(-1);
  if (asked) return asked[1] === undefined;
  return versions.node.startsWith('22.') ? isAtLeast(versions.node, [22, 18]) : isAtLeast(versions.node, [23, 6]);
}

/** One that loads TypeScript, by its name. */
function hasLoader(options) {
  return preloads(options).some((name) => SPECIFIER.test(name)) || words(options).some((word) => INSTALLED.test(word));
}

/** Any, of whatever it is. */
function hasPreload(options) {
  return preloads(options).length > 0;
}

/** Whether --import can register a loader (module.register). Before, it is --loader. */
function canRegister(node = process.versions.node) {
  return node.startsWith('18.') ? isAtLeast(node, [18, 19]) : isAtLeast(node, [20, 6]);
}

module.exports = { ownFlags, optionWords, stripsTypes, hasLoader, hasPreload, canRegister };
