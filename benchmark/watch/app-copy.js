'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Koa is that of the project. */
const PACKAGES = path.join(__dirname, '../../node_modules');

/** A copy of the app, outside of the repository, whose version is saved again and again. */
class AppCopy {
  constructor() {
    this.folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-watch-')));
    fs.cpSync(path.join(__dirname, 'app'), this.folder, { recursive: true });
    fs.symlinkSync(PACKAGES, path.join(this.folder, 'node_modules'));
    this.script = path.join(this.folder, 'src/app.js');
  }

  /** As an editor writes a file. */
  save(version) {
    fs.writeFileSync(path.join(this.folder, 'src/version.js'), `'use strict';\n\nmodule.exports = ${version};\n`);
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true });
  }
}

module.exports = { AppCopy };
