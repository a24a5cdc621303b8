'use strict';

// Who is reloaded.

const fs = require('node:fs');
const path = require('node:path');
const { home } = require('../../lib/home');
const { Steered } = require('../../lib/steered');
const { freePort } = require('../../../__test__/e2e/support/free-port');

/** The file that everybody runs as their app: deploying a version is to write into it which one it loads. */
class Release {
  file = path.join(home(), 'app.js');

  constructor(version) {
    this.deploy(version);
  }

  deploy(version) {
    const target = path.join(__dirname, '../app', `${version}.js`);
    fs.writeFileSync(this.file, `'use strict';\n\nrequire(${JSON.stringify(target)});\n`);
  }
}

/** Starts a script of this folder (or of bench:http's), waits until it is ready, measures (`subject`, `port`), and ends it
 *  whatever happens. */
async function withCluster({ script, config, env, node }, measure) {
  const port = await freePort();
  const file = path.join(__dirname, `${script}.js`);
  const subject = new Steered(
    file,
    config,
    { PORT: String(port), PM2_HOME: home(), ...env },
    { command: [node ?? process.execPath] },
  );
  try {
    await subject.started();
    const measured = await measure(subject, port);
    if (subject.hasEnded) throw new Error('the cluster ended while it was measured');
    return measured;
  } finally {
    await subject.stop();
  }
}

module.exports = { Release, withCluster };
