"""The host's end of a guest's vsock, as vhost-device-vsock hands it on by Unix sockets: both directions, a megabyte each way."""

import os
import socket
import sys
import threading
import time

path, size = sys.argv[1], int(sys.argv[2])
PATTERN = bytes((at * 31 + (at >> 8) * 17 + (at >> 16)) & 0xFF for at in range(size))


def receive(connection, what):
    got = bytearray()
    while len(got) < size:
        part = connection.recv(65536)
        if not part:
            break
        got += part
    wrong = sum(1 for one, other in zip(got, PATTERN) if one != other) + size - len(got)
    print(f"{what}: {len(got)} bytes, {wrong} of them wrong", flush=True)


def from_guest():
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{path}_5001")
    server.listen(1)
    connection, _ = server.accept()
    receive(connection, "from the guest")
    connection.sendall(PATTERN)
    connection.shutdown(socket.SHUT_WR)


def to_guest():
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            connection.sendall(b"CONNECT 5002\n")
            if connection.recv(64).startswith(b"OK"):
                break
        except OSError:
            pass
        connection.close()
        time.sleep(0.5)
    connection.sendall(PATTERN)
    receive(connection, "back from the guest")
    connection.shutdown(socket.SHUT_WR)


threads = [threading.Thread(target=one, daemon=True) for one in (from_guest, to_guest)]
for one in threads:
    one.start()
for one in threads:
    one.join()
os._exit(0)
