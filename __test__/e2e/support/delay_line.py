"""A line to this very machine that takes MS each way: what is sent to its far end comes back from there, later.

The first line on stdout is the far end's address. Needs the right to make a tun device. Ends with its stdin."""

import collections
import fcntl
import os
import select
import socket
import struct
import sys
import time

TUNSETIFF, SIOCSIFADDR, SIOCSIFFLAGS, SIOCSIFNETMASK = 0x400454CA, 0x8916, 0x8914, 0x891C
IFF_TUN_NO_PI, IFF_UP_RUNNING = 0x1001, 0x41


def make_device():
    tun = os.open("/dev/net/tun", os.O_RDWR)
    made = fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"yunfly%d", IFF_TUN_NO_PI))
    name = made[:16].rstrip(b"\0")
    # 198.18.0.0/15 is kept for tests of network devices.
    net = f"198.18.{int(name.removeprefix(b'yunfly')) % 256}"
    address = lambda text: struct.pack("16sHH4s16x", name, socket.AF_INET, 0, socket.inet_aton(text))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFADDR, address(f"{net}.1"))
        fcntl.ioctl(control, SIOCSIFNETMASK, address("255.255.255.0"))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", name, IFF_UP_RUNNING))
    return tun, f"{net}.2"


def run(tun, delay):
    on_its_way = collections.deque()
    while True:
        timeout = max(0, on_its_way[0][0] - time.monotonic()) if on_its_way else None
        ready, _, _ = select.select([tun, sys.stdin], [], [], timeout)
        if sys.stdin in ready:
            return
        if tun in ready:
            packet = bytearray(os.read(tun, 65536))
            # Both ends change places; the checksums stay right.
            packet[12:16], packet[16:20] = packet[16:20], packet[12:16]
            on_its_way.append((time.monotonic() + delay, packet))
        while on_its_way and on_its_way[0][0] <= time.monotonic():
            os.write(tun, on_its_way.popleft()[1])


device, far_end = make_device()
print(far_end, flush=True)
run(device, float(sys.argv[1]) / 1000)
