"""A folder over HTTP on loopback, with a port of the system's choice, written to a file: kernel.org for make test-kernel."""

import functools
import http.server
import os
import sys

folder, port_file = sys.argv[1:]
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
with open(port_file + ".part", "w") as out:
    out.write(f"{server.server_port}\n")
os.rename(port_file + ".part", port_file)
server.serve_forever()
