// The types of index.mjs: those of index.js, and all of them as the default export.

import * as cluster from './index.js';

export * from './index.js';
export default cluster;
