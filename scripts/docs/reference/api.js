'use strict';
// api.md: functions, classes, and the types that they use.

const ts = require('typescript');
const { comment, members, signature } = require('./declarations');
const { FUNCTIONS, cell, code, heading, markdown, target } = require('./prose');

const page = 'api.md';
const CLASSES = [
  ['Cluster', 'Cluster'],
  ['ClusterChild', 'ClusterWorker and ClusterAlone'],
  ['ClusterWorker', 'ClusterWorker'],
  ['ClusterAlone', 'ClusterAlone'],
  ['ClusterError', 'ClusterError'],
];
const EMITTER = [
  'on',
  'once',
  'off',
  'addListener',
  'removeListener',
  'prependListener',
  'prependOnceListener',
  'emit',
];
/** They have pages of their own. */
const ELSEWHERE = [
  'ClusterConfig',
  'ClusterEvents',
  'ProcessEvents',
  'ClusterErrorCode',
  'ChildErrorCode',
  'ClusterWarningCode',
];
const TITLES = { param: 'Parameter', returns: 'Returns', throws: 'Throws' };

/** Links to the types that a signature names. */
function named(text, declarations, except) {
  const names = [...new Set(text.match(/\b[A-Z]\w+/g))].filter((name) => declarations.has(name) && name !== except);
  return names.map((name) => `[\`${name}\`](${target(name, undefined, page)})`).join(' · ');
}

function tag([name, text], context) {
  const [, parameter, rest] = /^(\w+)\s+([\s\S]*)$/.exec(text) ?? [];
  if (name === 'param') return `- ${TITLES.param} \`${parameter}\`: ${markdown(rest, context)}`;
  const said = markdown(text.replace(/^\(rejects with\) /, 'the promise rejects with '), context);
  return `- ${TITLES[name] ?? name}: ${said.replace(/^- /gm, '  - ')}`;
}

function explained(nodes, declarations, owner) {
  const text = nodes.map(signature).join('\n');
  const context = { owner, page };
  const said = comment(...nodes);
  const parts = [
    `\`\`\`ts\n${text}\n\`\`\``,
    markdown(said.text, context),
    said.tags.map((each) => tag(each, context)).join('\n'),
  ];
  const types = named(text, declarations, owner);
  return [...parts, types && `Types: ${types}`];
}

const isMethod = ([node]) => ts.isMethodDeclaration(node);

function classSection([name, title], declarations) {
  const [node] = declarations.get(name);
  const shown = members(node).filter(([member]) => member !== 'constructor' && !EMITTER.includes(member));
  const base = ['ClusterWorker', 'ClusterAlone'].includes(name)
    ? 'Besides what [both have](#clusterworker-and-clusteralone):'
    : '';
  return [
    `## ${title}`,
    markdown(comment(node).text, { owner: name, page }),
    base,
    ...shown.flatMap(([member, nodes]) => [
      `### ${code(heading(member, name, isMethod(nodes)))}`,
      ...explained(nodes, declarations, name),
    ]),
  ];
}

function interfaceTable(node) {
  const rows = members(node).map(([name, [member]]) => {
    const type = ts.isPropertySignature(member) ? signature(member.type) : signature(member);
    return `| \`${name}${member.questionToken ? '?' : ''}\` | ${cell(code(type))} | ${cell(markdown(comment(member).text, { page }))} |`;
  });
  return ['| Field | Type | |', '| --- | --- | --- |', ...rows].join('\n');
}

function typeSection([name, [node]], declarations) {
  const said = markdown(comment(node).text, { page });
  const { text } = node.getSourceFile();
  if (ts.isTypeAliasDeclaration(node))
    return [`### ${name}`, said, `\`\`\`ts\n${text.slice(node.getStart(), node.end).replace(/^export /, '')}\n\`\`\``];
  const extended =
    node.heritageClauses?.map((clause) => named(clause.getText(), declarations, name)).filter(Boolean) ?? [];
  return [
    `### ${name}`,
    said,
    extended.length > 0 ? `With the fields of ${extended.join(' · ')}.` : '',
    interfaceTable(node),
  ];
}

module.exports = (declarations) => {
  const done = [...FUNCTIONS, ...CLASSES.map(([name]) => name), ...ELSEWHERE];
  const types = [...declarations].filter(([name]) => !done.includes(name));
  return [
    '# API',
    'The exports of `@yunflyjs/cluster-native`. Configuration, events and codes have their own pages: [Configuration](configuration.md), [Events](events.md), [Errors and warnings](errors.md).',
    '## Functions',
    ...FUNCTIONS.flatMap((name) => [`### ${code(heading(name))}`, ...explained(declarations.get(name), declarations)]),
    ...CLASSES.flatMap((each) => classSection(each, declarations)),
    '## Types',
    ...types.flatMap((each) => typeSection(each, declarations)),
  ];
};
