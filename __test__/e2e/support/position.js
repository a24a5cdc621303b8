'use strict';

const found = (index, item) => {
  if (index < 0) throw new Error(`not there: ${item}`);
  return index;
};

/** Where in `list` an item is for the first time, or one that `item(each)` is true for. It has to be there: -1 would be before all. */
function firstOf(list, item) {
  return found(typeof item === 'function' ? list.findIndex(item) : list.indexOf(item), item);
}

/** Where it is for the last time. */
function lastOf(list, item) {
  return found(list.lastIndexOf(item), item);
}

module.exports = { firstOf, lastOf };
