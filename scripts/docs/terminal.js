'use strict';
// `npm run docs:terminal`: runs README's quick start and makes docs/public/terminal.svg of what it prints.

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./markdown');
const { record } = require('./terminal/record');
const { screen } = require('./terminal/screen');
const { svg } = require('./terminal/svg');

const COLUMNS = 72;
const picture = path.join(root, 'docs/public/terminal.svg');

async function draw(env) {
  const { command, output } = await record(env);
  const prompt = [
    { text: '$ ', style: 'dim', column: 0 },
    { text: command, style: '', column: 2 },
  ];
  return svg([prompt, ...screen(output)], { title: `${command} in a terminal`, columns: COLUMNS });
}

if (require.main === module) draw().then((drawn) => fs.writeFileSync(picture, drawn));

module.exports = { draw, picture };
