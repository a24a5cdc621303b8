'use strict';
// What is on a terminal's screen after such output as the command's: lines of runs of letters in the same style.

/** SGR codes, by ECMA-48: https://en.wikipedia.org/wiki/ANSI_escape_code#SGR. `undefined` ends what another one began. */
const CODES = {
  1: { weight: 'bold' },
  2: { weight: 'dim' },
  22: { weight: undefined },
  31: { color: 'red' },
  32: { color: 'green' },
  33: { color: 'yellow' },
  35: { color: 'magenta' },
  36: { color: 'cyan' },
  39: { color: undefined },
};

// eslint-disable-next-line no-control-regex
const PART = /\x1b\[([\d;]*)([A-Za-z])|[\s\S]/gu;

function restyled(style, codes) {
  return codes.split(';').reduce((each, code) => {
    if (code === '' || code === '0') return {};
    if (!CODES[code]) throw new Error(`The picture has no style ${code}; add it to scripts/docs/terminal/screen.js`);
    return { ...each, ...CODES[code] };
  }, style);
}

const className = ({ weight, color }) => [weight, color].filter(Boolean).join(' ');

/** The cells of each line: { letter, style }. */
function cellsOf(output) {
  const lines = [[]];
  let column = 0;
  let style = {};
  const write = (letter) => (lines.at(-1)[column++] = { letter, style: className(style) });
  for (const [part, codes, command] of output.matchAll(PART)) {
    if (part === '\n') lines.push([]);
    else if (part === '\r') column = 0;
    else if (command === 'm') style = restyled(style, codes);
    else if (command === 'G') column = Number(codes || 1) - 1;
    else if (command === 'K' && ['', '0'].includes(codes)) lines.at(-1).splice(column);
    else if (part >= ' ') write(part);
    else throw new Error(`The picture doesn't know ${JSON.stringify(part)}`);
  }
  return lines;
}

/** Lines of { text, style, column }; `style` as the words of a class, such as `bold green`. */
function screen(output) {
  return cellsOf(output).map((cells) => {
    const runs = [];
    cells.forEach(({ letter, style }, column) => {
      if (runs.at(-1)?.style === style) runs.at(-1).text += letter;
      else runs.push({ text: letter, style, column });
    });
    return runs;
  });
}

module.exports = { screen };
