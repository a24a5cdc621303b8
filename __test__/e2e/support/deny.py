"""Runs a command for which system calls fail: deny.py '[["pidfd_open", "EPERM"], …]' command …

A third item, [index, value], denies a call only where that argument (its lower 32 bits) has this value; with "mask" as a fourth,
where it has all these bits. Whatever the command starts is denied the same.
"""

import ctypes
import errno
import json
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"pidfd_open": 434, "inotify_init1": 294, "setsockopt": 54, "listen": 50, "clone": 56, "clone3": 435, "vfork": 58, "fork": 57, "memfd_create": 319},
    "aarch64": {"pidfd_open": 434, "inotify_init1": 26, "setsockopt": 208, "listen": 201, "clone": 220, "clone3": 435, "memfd_create": 279},
}
LOAD, EQUAL, HAS_BITS, AND, RETURN = 0x20, 0x15, 0x45, 0x54, 0x06  # linux/bpf_common.h
ALLOW, ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h
ARGUMENTS = 16  # struct seccomp_data: nr, arch, instruction pointer, arguments of 64 bits
SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h


def instruction(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


def program(denials):
    instructions = []
    for name, error, *condition in denials:
        number = NUMBERS[platform.machine()].get(name)
        if number is None:
            continue
        answer = instruction(RETURN, ERRNO | getattr(errno, error))
        instructions.append(instruction(LOAD, 0))
        if not condition:
            instructions += [instruction(EQUAL, number, 0, 1), answer]
            continue
        (index, value), test = condition[0], HAS_BITS if "mask" in condition else EQUAL
        load = instruction(LOAD, ARGUMENTS + 8 * index)
        instructions += [instruction(EQUAL, number, 0, 3), load, instruction(test, value, 0, 1), answer]
    return b"".join([*instructions, instruction(RETURN, ALLOW)])


code = ctypes.create_string_buffer(program(json.loads(sys.argv[1])))
size = (len(code) - 1) // 8
filters = struct.pack("HxxxxxxP", size, ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
for arguments in ((SET_NO_NEW_PRIVS, 1, 0, 0, 0), (SET_SECCOMP, FILTER, filters, 0, 0)):
    if libc.prctl(*arguments) != 0:
        sys.exit(f"denied calls: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[2], sys.argv[2:])
