'use strict';

// How a measured value is shown.

const MIB = 1024 * 1024;

const significant = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));
const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MB`;

const columns = {
  rate: { title: 'messages/s', show: significant },
  answered: { title: 'requests/s', show: significant },
  cpu: { title: 'master CPU per message', show: (us) => `${significant(us)} µs` },
  peak: { title: 'peak memory of the app', show: mib },
  growth: { title: 'growth', show: mib },
  left: { title: 'of it left 5 s later', show: mib },
  missing: { title: 'missing', show: String },
  p50: { title: 'p50', show: (ms) => `${significant(ms)} ms` },
  p99: { title: 'p99', show: (ms) => `${significant(ms)} ms` },
  idle50: { title: 'idle p50', show: (ms) => `${significant(ms)} ms` },
  idle99: { title: 'idle p99', show: (ms) => `${significant(ms)} ms` },
  loaded50: { title: 'under load p50', show: (ms) => `${significant(ms)} ms` },
  loaded99: { title: 'under load p99', show: (ms) => `${significant(ms)} ms` },
  threeRate: { title: 'messages/s to each of three workers, no other', show: significant },
  stoppedRate: { title: '… with a stopped fourth', show: significant },
  speed: { title: 'ratio', show: (ratio) => ratio.toFixed(2) },
  share: { title: 'what the three got of it while it stood', show: (share) => `${(share * 100).toFixed(1)} %` },
  missed: { title: 'missed by the stopped one', show: String },
  reported: { title: 'reported undeliverable', show: String },
};

const show = (name, value) => (value == null ? '–' : columns[name].show(value));

module.exports = { columns, show, MIB };
