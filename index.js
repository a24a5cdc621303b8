'use strict';

// What is in lib/, in one file where the package was packed (docs/adr/075).
const { takesBundle } = require('./lib/native/bundled');

module.exports = takesBundle() ? require('./lib/bundle/app.cjs') : require('./lib/face');
