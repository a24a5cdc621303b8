'use strict';

const { everySecond } = require('./schedule');

module.exports = () => everySecond('alone');
