'use strict';

// The code of node-cluster.js, with the native master beneath.

require('../../../register');
require('./node-cluster');
