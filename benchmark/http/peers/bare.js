'use strict';

// No cluster: a Node process that does nothing, to compare the memory of the others' app process with.

const { tell } = require('../../lib/tell');

setInterval(() => {}, 2 ** 30);
tell('ready');
