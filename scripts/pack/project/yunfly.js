'use strict';

const { start } = require('./run');

start(require('@yunflyjs/cluster-native/yunfly')).then(() => start(require('@yunflyjs/yunfly-cluster').default));
