"""Runs a command with a terminal of its own: `stty tostop` is set, stdin stays what it is. SIGUSR1 presses Ctrl-C."""

import os
import pty
import signal
import sys
import termios

stdin = os.dup(0)
pid, terminal = pty.fork()
if pid == 0:
    os.dup2(stdin, 0)
    attributes = termios.tcgetattr(1)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(1, termios.TCSANOW, attributes)
    os.execvp(sys.argv[1], sys.argv[1:])
os.close(stdin)
signal.signal(signal.SIGUSR1, lambda *_: os.write(terminal, b"\x03"))
try:
    while True:
        os.write(1, os.read(terminal, 65536))
except OSError:
    pass  # EIO: nobody has the terminal any more.
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
