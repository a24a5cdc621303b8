'use strict';
// Checks the documents' JavaScript and TypeScript against the declarations of the package, all of it in one program.

const path = require('node:path');
const ts = require('typescript');
const { root } = require('./markdown');

/** No such folder exists; what is imported from there is found in the repository. */
const FOLDER = path.join(root, '__test__/documents');
const OPTIONS = {
  strict: true,
  noEmit: true,
  allowJs: true,
  checkJs: true,
  esModuleInterop: true,
  allowImportingTsExtensions: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
  skipLibCheck: true,
  paths: { '@yunflyjs/cluster-native': [path.join(root, 'index.d.ts')] },
};

/** What a fragment may use without saying where it comes from. */
const KNOWN = `
  import type { Cluster, ClusterWorker, ClusterAlone } from '@yunflyjs/cluster-native';
  import type * as face from '@yunflyjs/cluster-native';
  declare global {
    const cluster: Cluster, worker: ClusterWorker, alone: ClusterAlone;
    const startCluster: typeof face.startCluster, createCluster: typeof face.createCluster;
    const request: typeof face.request, onRequest: typeof face.onRequest, sendmessage: typeof face.sendmessage;
  }
`;

/** A fragment leaves out where names and modules come from. */
const UNKNOWN = [2304, 2307, 2552, 2580, 2582, 2584, 7016, 18004];
/** In fragments and in JavaScript only what is said of the package counts: a name that it lacks, an option that there is not, a value
 *  that it does not take. Of everything else too little is known there. */
const OF_NAMES = [2305, 2322, 2339, 2345, 2353, 2551, 2561, 2724, 2769];
const OURS =
  /\b(?:Cluster|Reload|Drain|Undeliverable|Exit|Hang|Broadcast|Request(?:Message|Options|Handler|Context)|SendOptions)\w*|index"\)|cluster-native"/;
/** JavaScript asks for what only some of several classes have. */
const OF_ONE_CLASS = /does not exist on type '[^']* \| /;

const text = ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ');

function isFault({ isFragment, language }, found, isSyntax) {
  const { code, relatedInformation = [] } = found;
  if (isSyntax) return true;
  if (isFragment && UNKNOWN.includes(code)) return false;
  if (language === 'js' && OF_ONE_CLASS.test(text(found))) return false;
  return (
    (language === 'ts' && !isFragment) ||
    (OF_NAMES.includes(code) && [found, ...relatedInformation].some((each) => OURS.test(text(each))))
  );
}

/** The files of a snippet's page are beside each other; a fragment, or one of several files of a name, is by itself. */
function fileOf(snippet, taken) {
  const folder = path.join(FOLDER, snippet.document.replaceAll('/', '-'));
  const own = snippet.name && !snippet.isFragment && path.join(folder, snippet.name);
  return own && !taken.has(own) ? own : path.join(folder, `line-${snippet.line}.${snippet.language}`);
}

/** What is wrong in these snippets: `where: message`. */
function faults(snippets) {
  const files = new Map();
  for (const each of snippets) files.set(fileOf(each, files), each);
  const known = path.join(FOLDER, 'known.d.ts');
  const texts = new Map([[known, KNOWN], ...[...files].map(([file, { code }]) => [file, code])]);
  const host = ts.createCompilerHost(OPTIONS, true);
  const real = { readFile: host.readFile, fileExists: host.fileExists, directoryExists: host.directoryExists };
  host.readFile = (file) => texts.get(file) ?? real.readFile(file);
  host.fileExists = (file) => texts.has(file) || real.fileExists(file);
  host.directoryExists = (folder) =>
    [...texts.keys()].some((file) => file.startsWith(`${folder}/`)) || real.directoryExists(folder);
  const { getSourceFile } = host;
  host.getSourceFile = (file, language) =>
    texts.has(file) ? ts.createSourceFile(file, texts.get(file), language, true) : getSourceFile(file, language);

  const program = ts.createProgram([...texts.keys()], OPTIONS, host);
  return [...files].flatMap(([file, snippet]) => {
    const source = program.getSourceFile(file);
    const all = [
      ...program.getSyntacticDiagnostics(source).map((found) => [found, true]),
      ...program.getSemanticDiagnostics(source).map((found) => [found, false]),
    ];
    return all
      .filter(([found, isSyntax]) => isFault(snippet, found, isSyntax))
      .map(([found]) => told(snippet, source, found));
  });
}

function told({ document, line }, source, found) {
  const offset = source.getLineAndCharacterOfPosition(found.start).line + 1;
  return `${document}:${line + offset}: ${text(found)} (TS${found.code})`;
}

module.exports = { faults };
