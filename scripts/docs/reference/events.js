'use strict';
// events.md: a section for each event of a cluster, and those of `process` in its children.

const { comment, members, signature } = require('./declarations');
const { markdown } = require('./prose');

const page = 'events.md';

/** `[worker: ClusterWorker, code: number | null]` as the parameters of a listener. */
const parameters = (type) =>
  signature(type)
    .replace(/^\[\s*/, '(')
    .replace(/\s*\]$/, ')');

/** One for each event. */
const sections = (events) =>
  members(events).flatMap(([name, [node]]) => [
    `## ${name.replaceAll("'", '')}`,
    `\`\`\`ts\n${parameters(node.type)}\n\`\`\``,
    markdown(comment(node).text, { page }),
  ]);

module.exports = (declarations) => {
  const [events] = declarations.get('ClusterEvents');
  const [child] = declarations.get('ClusterChild');
  const [onProcess] = declarations.get('ProcessEvents');
  return [
    '# Events',
    markdown(comment(events).text, { page }),
    ...sections(events),
    '## Events of a worker and of the alone',
    `[\`ClusterWorker\`](api.md#clusterworker), [\`ClusterAlone\`](api.md#clusteralone): ${markdown(comment(child).text, { page })}`,
    '## Events on process',
    markdown(comment(onProcess).text, { page }),
    ...sections(onProcess),
  ];
};
