'use strict';
// configuration.md: a section for each field of ClusterConfig.

const { comment, members, signature } = require('./declarations');
const { cell, code, markdown, withDefault } = require('./prose');

const page = 'configuration.md';

function field([name, [node]]) {
  const { text, value } = withDefault(comment(node).text);
  const known = { name, type: signature(node.type), isRequired: !node.questionToken };
  const byDefault = value && markdown(value, { page });
  return { ...known, byDefault: byDefault ?? (known.isRequired ? 'required' : '–'), text: markdown(text, { page }) };
}

module.exports = (declarations) => {
  const [config] = declarations.get('ClusterConfig');
  const fields = members(config).map(field);
  return [
    '# Configuration',
    'For [`startCluster()`](api.md#startcluster) and [`createCluster()`](api.md#createcluster).',
    markdown(comment(config).text, { page }),
    [
      '| Field | Type | Default |',
      '| --- | --- | --- |',
      ...fields.map(
        ({ name, type, byDefault }) =>
          `| [\`${name}\`](#${name.toLowerCase()}) | ${cell(code(type))} | ${cell(byDefault)} |`,
      ),
    ].join('\n'),
    ...fields.flatMap(({ name, type, byDefault, text }) => [
      `## ${name}`,
      `- Type: ${code(type)}${type === 'ClusterLogger' ? ' ([`ClusterLogger`](api.md#clusterlogger))' : ''}\n- Default: ${byDefault}`,
      text,
    ]),
  ];
};
