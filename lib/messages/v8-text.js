'use strict';

// Values in V8's own format, as a text.

const v8 = require('v8');

/** Node's rules for its advanced mode (lib/internal/child_process/serialization.js): a Buffer stays a Buffer, of an object
 *  that belongs to C++ its own properties are taken. The mark says which of both follows. */
const VIEW = 0;
const PROPERTIES = 1;

class Serializer extends v8.DefaultSerializer {
  _writeHostObject(object) {
    const isView = ArrayBuffer.isView(object);
    this.writeUint32(isView ? VIEW : PROPERTIES);
    if (isView) super._writeHostObject(object);
    else this.writeValue({ ...object });
  }
}

class Deserializer extends v8.DefaultDeserializer {
  _readHostObject() {
    return this.readUint32() === VIEW ? super._readHostObject() : this.readValue();
  }
}

function toBase64(value) {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer().toString('base64');
}

function fromBase64(text) {
  const deserializer = new Deserializer(Buffer.from(text, 'base64'));
  deserializer.readHeader();
  return deserializer.readValue();
}

module.exports = { toBase64, fromBase64 };
