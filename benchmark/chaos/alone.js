'use strict';

// It has nothing to do but to be killed now and then.
module.exports = () => {};
