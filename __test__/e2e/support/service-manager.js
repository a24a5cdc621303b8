'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');
const { onLine } = require('../../fixtures/lines');
const { EventLog } = require('./event-log');
const { folder } = require('./files');
const { closeAtEnd } = require('./scope');

/** Python: Node can neither hold a listening socket without accepting from it nor open a unix datagram socket. */
const SOCKET_HOLDER = `
import json, os, signal, socket, sys

# As ListenStream=PORT: every address, of both kinds.
listener = socket.socket(socket.AF_INET6)
listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
listener.bind(('::', 0))
listener.listen(1024)

def start():
    pid = os.fork()
    if pid == 0:
        os.dup2(3, 5)
        os.dup2(listener.fileno(), 3)
        port = str(listener.getsockname()[1])
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='web', EVENTS_FD='5', PORT=port)
        os.execvp(sys.argv[1], sys.argv[1:])
    print('@' + json.dumps({'kind': 'app', 'pid': pid}), flush=True)
    return pid

def stop(*_):
    global stopping
    stopping = True
    os.kill(app, signal.SIGTERM)

stopping = False
app = start()
signal.signal(signal.SIGTERM, stop)
while True:
    _, status = os.waitpid(app, 0)
    if stopping:
        sys.exit(os.waitstatus_to_exitcode(status))
    app = start()
`;

/** For start(): the app under a service manager that holds the socket of PORT (LISTEN_FDS) and starts the app again each
 *  time it ends, with the report `app` { pid }. SIGTERM to it ends both. */
const socketHolder = ['python3', '-c', SOCKET_HOLDER];

const NOTIFIED = `
import json, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print('null', flush=True)
while True:
    print(json.dumps(listener.recv(4096).decode()), flush=True)
`;

/** The other end of NOTIFY_SOCKET. */
async function listenForNotifications() {
  const file = path.join(folder(), 'notify');
  const listener = execFile('python3', ['-c', NOTIFIED, file]);
  closeAtEnd({ close: () => listener.kill('SIGKILL') });
  const log = new EventLog(() => JSON.stringify(log.entries));
  onLine(listener.stdout, (line) => {
    const text = JSON.parse(line);
    if (text === null) log.add('bound', []);
    else log.add(text.split('\n')[0], text.split('\n').slice(1));
  });
  await log.entry(({ name }) => name === 'bound');
  const names = () => log.entries.slice(1).map(({ name }) => name);
  return {
    file,
    /** What came so far. */
    all: () => log.entries.slice(1),
    /** Without the steady WATCHDOG=1. */
    states: () => names().filter((name) => name !== 'WATCHDOG=1'),
    watchdogs: () => names().filter((name) => name === 'WATCHDOG=1').length,
    /** Resolves with the `count`th one of this name. */
    async nth(name, count = 1) {
      await log.entry(() => names().filter((other) => other === name).length >= count);
    },
  };
}

module.exports = { socketHolder, listenForNotifications };
