'use strict';

const { Messenger } = require('../messages/messenger');

/** The app's messenger of a cluster. */
function messengerOf(cluster, { alone }) {
  return new Messenger({
    role: 'app',
    hasAlone: alone !== undefined,
    send: (message) => cluster.sendmessage(message),
    listen(receive) {
      const hear = (sender, message) => receive(message, sender);
      cluster.on('message', hear);
      return () => cluster.off('message', hear);
    },
  });
}

module.exports = { messengerOf };
