'use strict';
// events.md: a section for each event of a cluster, and that of `process` in its children.

const { comment, members, processEvents, signature } = require('./declarations');
const { markdown } = require('./prose');

const page = 'events.md';

/** `[worker: ClusterWorker, code: number | null]` as the parameters of a listener. */
const parameters = (type) =>
  signature(type)
    .replace(/^\[\s*/, '(')
    .replace(/\s*\]$/, ')');

module.exports = (declarations) => {
  const [events] = declarations.get('ClusterEvents');
  const [child] = declarations.get('ClusterChild');
  const [drain] = processEvents();
  return [
    '# Events',
    markdown(comment(events).text, { page }),
    ...members(events).flatMap(([name, [node]]) => [
      `## ${name}`,
      `\`\`\`ts\n${parameters(node.type)}\n\`\`\``,
      markdown(comment(node).text, { page }),
    ]),
    '## Events of a worker and of the alone',
    `[\`ClusterWorker\`](api.md#clusterworker), [\`ClusterAlone\`](api.md#clusteralone): ${markdown(comment(child).text, { page })}`,
    '## yunfly:drain',
    'On `process`, in workers and in the alone.',
    `\`\`\`ts\nprocess.${signature(drain)}\n\`\`\``,
    `${markdown(comment(drain).text, { page })} See [\`DrainEvent\`](api.md#drainevent).`,
  ];
};
