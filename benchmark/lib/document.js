'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** A Markdown table; `align`: `'-'` left, `':'` right for each column. */
function table(header, rows, align = header.map((_, index) => (index === 0 ? '-' : ':'))) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(header), line(align.map((side) => (side === ':' ? '---:' : '---'))), ...rows.map(line)].join('\n');
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`; a file or a section that is missing is begun. */
function writeSection(file, name, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const old = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '# Benchmarks\n';
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const section = `${begin}\n\n${text.trim()}\n\n${end}`;
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  const isThere = from >= 0 && to > from;
  const whole = isThere
    ? old.slice(0, from) + section + old.slice(to + end.length)
    : `${old.trimEnd()}\n\n${section}\n`;
  fs.writeFileSync(file, whole);
}

module.exports = { table, writeSection };
