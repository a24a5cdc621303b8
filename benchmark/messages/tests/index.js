'use strict';

module.exports = [
  ...require('./floods'),
  ...require('./broadcasts'),
  ...require('./round-trips'),
  ...require('./requests'),
  ...require('./stopped'),
];
