'use strict';

const { ClusterChild } = require('./child');

class ClusterAlone extends ClusterChild {
  constructor(master, event) {
    super(master, 'alone', event);
  }
}

module.exports = { ClusterAlone };
