#!/usr/bin/env python3
"""Measures how long the removal of a person blocks Redis, for docs/reliability.md. Fills the history with results of
two people, removes one of them, and prints the longest command of Redis meanwhile and the pause for the fork of the
rewrite. Requires redis-server, redis-cli and the demo photos of models/prepare.

Usage: erasure.py BIN RESULTS
BIN is the folder with the programs. RESULTS is the number of results, for example 1000000."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from redis_server import redis_server

ROOT = pathlib.Path(__file__).resolve().parents[2]
PHOTOS = pathlib.Path(os.environ.get("FACEBUS_MODELS", pathlib.Path.home() / ".cache/facebus/models")) / "demo/photos"


def command(*arguments):
    """Encodes a command of Redis."""
    parts = [argument if isinstance(argument, bytes) else str(argument).encode() for argument in arguments]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def main(programs, results):
    with (tempfile.TemporaryDirectory() as folder,
          redis_server(folder, "--appendonly", "yes", "--slowlog-log-slower-than", "5000",
                       "--slowlog-max-len", "100000") as socket):
        def redis(*arguments):
            return subprocess.run(["redis-cli", "-s", socket, *arguments], check=True, capture_output=True,
                                  text=True).stdout

        def info(name):
            return next(line.split(":")[1] for line in redis("info").splitlines() if line.startswith(f"{name}:"))

        def facebus(*arguments):
            environment = {**os.environ, "FACEBUS_REDIS_URL": f"unix://{socket}"}
            return subprocess.run([pathlib.Path(programs) / "facebus", *arguments], env=environment, check=True,
                                  capture_output=True, text=True).stdout

        facebus("gallery", "add", PHOTOS)
        people = [redis("hget", "facebus:gallery:names", name).strip() for name in ("joe_biden", "barack_obama")]
        header = (ROOT / "schemas/golden/v1/identity.score.msgpack").read_bytes()
        with subprocess.Popen(["redis-cli", "-s", socket, "--pipe"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL) as pipe:
            for number in range(results):
                person = people[number % 100 != 0]
                pipe.stdin.write(command("XADD", "facebus:results", "*", "topic", "identity.door", "header", header,
                                         "subject", person, "track", f"door-1-{number // 10}"))
        print(f"{results} results, {info('used_memory_human')} in Redis")
        redis("config", "resetstat")
        redis("slowlog", "reset")
        begin = time.monotonic()
        facebus("gallery", "remove", "joe_biden")
        left = redis("xlen", "facebus:results").strip()
        print(f"removed after {time.monotonic() - begin:.1f} s; {left} results left")
        # The third element of an entry of the slow log is the duration in microseconds.
        slowest = redis("eval", "local slowest = 0 for _, entry in ipairs(redis.call('SLOWLOG', 'GET', -1)) do "
                        "slowest = math.max(slowest, entry[3]) end return slowest", "0")
        print(f"longest command: {int(slowest) / 1000:.1f} ms (0: below 5 ms)")
        print(f"pause for the fork: {int(info('latest_fork_usec')) / 1000:.1f} ms")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]))
