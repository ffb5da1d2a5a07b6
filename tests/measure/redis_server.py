"""A Redis server for the measurements."""

import contextlib
import os
import pathlib
import socket
import subprocess


@contextlib.contextmanager
def redis_server(folder, *flags):
    """Runs redis-server with these flags until the block ends. Yields the path of its socket, in the folder. Raises
    TimeoutError if the server does not start within ten seconds."""
    folder = pathlib.Path(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(folder / "ready"))
        ready.settimeout(10)
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", folder / "redis", "--dir", folder, "--save", "",
             "--supervised", "systemd", *flags],
            env={**os.environ, "NOTIFY_SOCKET": str(folder / "ready")}, stdout=subprocess.DEVNULL)
        try:
            while b"READY=1" not in ready.recv(4096):
                pass
            yield folder / "redis"
        finally:
            server.kill()
            server.wait()
