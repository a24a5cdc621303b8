'use strict';
// A terminal's screen as a picture whose text stays text.

const LETTER = 8.4;
const LINE = 17;
const PADDING = 16;
const BAR = 32;

const FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace";
const STYLE = `
    text { font: 14px ${FONT}; fill: #d8dee9; white-space: pre; }
    .bold { font-weight: 600; fill: #ffffff; }
    .dim { fill: #8f9aab; }
    .red { fill: #ff7b72; }
    .green { fill: #7ee787; }
    .yellow { fill: #e3b341; }
    .magenta { fill: #d2a8ff; }
    .cyan { fill: #76e3ea; }
  `;

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escape = (text) => text.replace(/[&<>]/g, (letter) => ENTITIES[letter]);
const round = (number) => Number(number.toFixed(1));

/** Its own place and length for each run: the columns stay in line with any font. */
function span({ text, style, column }) {
  const width = round(text.length * LETTER);
  const place = `x="${round(PADDING + column * LETTER)}" textLength="${width}" lengthAdjust="spacingAndGlyphs"`;
  return `<tspan ${place}${style ? ` class="${style}"` : ''}>${escape(text)}</tspan>`;
}

/** `lines` as screen() makes them. */
function svg(lines, { title, columns }) {
  const width = round(columns * LETTER + 2 * PADDING);
  const height = BAR + lines.length * LINE + PADDING;
  const texts = lines.map(
    (runs, index) => `<text y="${BAR + (index + 1) * LINE - 4}">${runs.map(span).join('')}</text>`,
  );
  const buttons = ['#ff5f57', '#febc2e', '#28c840'].map(
    (color, index) => `<circle cx="${PADDING + 6 + index * 20}" cy="18" r="6" fill="${color}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
  <title>${escape(title)}</title>
  <style>${STYLE}</style>
  <rect width="${width}" height="${height}" rx="8" fill="#1b1f27"/>
  ${buttons.join('')}
  ${texts.join('\n  ')}
</svg>
`;
}

module.exports = { svg };
