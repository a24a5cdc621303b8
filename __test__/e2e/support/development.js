'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { launch, fixture } = require('./cluster');
const { folder } = require('./files');

/** The source of an app that answers with this version; `options` as fixtures/workers/versioned.js has them. */
function source(version, options = {}) {
  return `require(${JSON.stringify(fixture('workers/versioned.js'))})(${JSON.stringify(version)}, ${JSON.stringify(options)});\n`;
}

/**
 * The source of an alone that writes a line of a word and its pid into a file, at the moment of each: `start`, `end` (not if
 * it is killed), and `beside` instead of `start` if the one before still lives.
 */
function aloneSource(logFile) {
  return `
    const fs = require('node:fs');
    const file = ${JSON.stringify(logFile)};
    const log = (word) => fs.appendFileSync(file, word + ' ' + process.pid + '\\n');
    const before = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\\n').at(-1).split(' ')[1] : undefined;
    function isAlive(pid) {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    }
    log(before && isAlive(before) ? 'beside' : 'start');
    process.on('exit', () => log('end'));
    module.exports = () => {};
  `;
}

/** The [word, pid] that alones wrote. */
const readLives = (file) =>
  fs
    .readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '));

const BROKEN = 'const broken = ;\n';

/** An app in development, in a folder of its own where files are saved. */
class Project {
  constructor(files) {
    // On macOS the folder for temporary files is a link; what changed is told by the path that was asked for.
    this.cwd = fs.realpathSync(folder());
    for (const [name, text] of Object.entries(files)) this.save(name, text);
  }

  file(name) {
    return path.join(this.cwd, name);
  }

  /** Writes a file as most programs do: it is emptied first. */
  save(name, text) {
    fs.mkdirSync(path.dirname(this.file(name)), { recursive: true });
    fs.writeFileSync(this.file(name), text);
  }

  read(name) {
    return fs.readFileSync(this.file(name), 'utf8');
  }

  launch(config, options) {
    return launch(
      { mode: 'development', exec: 'src/app.js', cwd: this.cwd, reloadDelay: 50, minUptime: 100, ...config },
      options,
    );
  }

  async start(config, options) {
    const app = this.launch(config, options);
    await app.event('started');
    return app;
  }
}

/** Resolves with the event `name` that is the `count`th of its kind, be it past or to come. */
async function nth(app, name, count) {
  await app.event(name, () => app.events(name).length >= count);
  return app.events(name)[count - 1];
}

/** The names of what was told so far, in order, of these. */
function story(app, names) {
  return app.eventNames().filter((name) => names.includes(name));
}

module.exports = { Project, source, aloneSource, readLives, BROKEN, nth, story };
