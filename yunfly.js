'use strict';

// What `@yunflyjs/yunfly-cluster` exports, for who loads it by a path of its own: the package, which has it all.

const yunfly = require('./index');

module.exports = yunfly;
// Written so that Node finds the names for ES modules (cjs-module-lexer).
module.exports.getAloneClient = yunfly.getAloneClient;
module.exports.getWorkerClient = yunfly.getWorkerClient;
