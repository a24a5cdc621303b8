'use strict';

require('@yunflyjs/cluster-native/register');

require('./run').fork(require('node:cluster'));
