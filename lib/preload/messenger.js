'use strict';

// This package's messenger in a worker or in the alone.

const { Messenger } = require('../messages/messenger');
const { sendOverChannel } = require('../messages/sendmessage');

let messenger;

function open({ role, hasAlone }) {
  return (messenger ??= new Messenger({
    role,
    hasAlone,
    send: (message) => sendOverChannel(process, message),
    listen(receive) {
      const hear = (message) => receive(message);
      process.on('message', hear);
      return () => process.off('message', hear);
    },
  }));
}

module.exports = { open };
