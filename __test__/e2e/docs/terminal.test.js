'use strict';
// docs/public/terminal.svg, the picture of README's quick start: what the command prints today, in the same styles.

const fs = require('node:fs');
const { draw, picture } = require('../../../scripts/docs/terminal');
const { freePort } = require('../support/free-port');

/** More than the recording takes at most. */
const TIMEOUT_MS = 80_000;

/** What is another in each run, and the room that it takes. */
const VARIABLES = [
  [/\d+(\.\d+)? m?s\b/g, '<time>'],
  [/v\d+\.\d+\.\d+/g, '<version>'],
  [/localhost:\d+/g, 'localhost:<n>'],
  [/\b\d+ %/g, '<n> %'],
  [/\b\d+ MB/g, '<n> MB'],
  [/\bpid \d+/g, 'pid <n>'],
  [/(│ (?:app|worker \d+) +│ )\d+/g, '$1<n>'],
  [/ +/g, ' '],
  [/─+/g, '─'],
];

/** The lines of a picture: its text with the styles, such as `[bold]shop[]`. */
function lines(svg) {
  const texts = Array.from(svg.matchAll(/<text [^>]*>(.*)<\/text>/g), ([, spans]) => spans);
  return texts.map((spans) => {
    const text = spans
      .replace(/<tspan[^>]* class="([^"]+)"[^>]*>([^<]*)<\/tspan>/g, '[$1]$2[]')
      .replace(/<[^>]+>/g, '');
    return VARIABLES.reduce((masked, [pattern, name]) => masked.replace(pattern, name), text);
  });
}

(process.platform === 'linux' ? test : test.skip)(
  'it shows what the command prints today; if not: npm run docs:terminal',
  async () => {
    const shown = lines(fs.readFileSync(picture, 'utf8'));
    expect(lines(await draw({ PORT: String(await freePort()) }))).toEqual(shown);
  },
  TIMEOUT_MS,
);
