'use strict';

const { isWorkingFolder } = require('../config/paths');
const { warn } = require('../warn');

/**
 * In development processes stay in the folder that the app was started in, whose files are watched. Returns what says, once, that the
 * link by which the user came there (`named`) leads to another folder by now.
 */
function movedLink({ folder, named }) {
  let isTold = named === folder;
  return () => {
    if (isTold || isWorkingFolder(named) !== false) return;
    isTold = true;
    const remedy = 'Start the app again there; with NODE_ENV=production, reload() follows the link.';
    warn(
      'CLUSTER_LINK_MOVED',
      `'${named}' leads to another folder by now. In development the cluster stays in ${folder}. ${remedy}`,
    );
  };
}

module.exports = { movedLink };
