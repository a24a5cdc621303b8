'use strict';

/** A process warning. `code` is stable (ClusterWarningCode), the message is not. */
function warn(code, message) {
  process.emitWarning(message, { type: 'ClusterWarning', code });
}

module.exports = { warn };
