"""COUNT clients that connect to PORT and don't hear the server's answer until a line comes on stdin; then each asks, as HTTP.

A line on stdout says that all have begun, the last one is a JSON list of what was answered, or of the errors."""

import ctypes
import json
import select
import socket
import struct
import sys

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
PROGRAM = struct.pack("HP", 1, ctypes.addressof(NOTHING))


def begin(port):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, PROGRAM)
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


def ask(client):
    select.select([], [client], [], 30)  # until it is connected
    try:
        client.settimeout(30)
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := client.recv(65536):
            answer += part
        return answer.decode()
    except OSError as error:
        return repr(error)


clients = [begin(int(sys.argv[1])) for _ in range(int(sys.argv[2]))]
print("connecting", flush=True)
sys.stdin.readline()
for client in clients:
    client.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
print(json.dumps([ask(client) for client in clients]), flush=True)
