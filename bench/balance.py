"""A balancer in front of several servers, as a proxy does it: a new connection goes to one that says at /readyz that it takes
requests. It looks into nothing and repeats nothing, so that what a server loses is lost."""

import asyncio
import multiprocessing

LOOK_EVERY_S = 0.1
PATIENCE_S = 2


class Balancer:
    """Runs in a process of its own; the ports that it is told may change at any time."""

    def __init__(self, port):
        self.port = port
        self.line, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=lambda: asyncio.run(serve(theirs, port)), daemon=True)

    def __enter__(self):
        self.process.start()
        self.line.recv()
        return self

    def turn_to(self, ports):
        """Returns once each of them was asked."""
        self.line.send(list(ports))
        self.line.recv()

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()


async def serve(line, port):
    ready = []
    number = 0
    # The loop itself holds no task: one that nobody holds may be collected while it waits.
    carried = set()

    async def carry(reader, writer):
        nonlocal number
        number += 1
        carried.add(asyncio.current_task())
        asyncio.current_task().add_done_callback(carried.discard)
        if not ready:
            writer.close()
            return
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", ready[number % len(ready)])
        except OSError:
            writer.close()
            return
        await asyncio.gather(pass_on(reader, to_server), pass_on(from_server, writer))
        to_server.close()
        writer.close()

    async with await asyncio.start_server(carry, "127.0.0.1", port):
        line.send("up")
        await look(line, ready)


async def look(line, ready):
    """Asks all ports that are known which of them take requests, again and again."""
    known = []
    while True:
        is_news = line.poll()
        if is_news:
            known = line.recv()
        answers = await asyncio.gather(*(is_ready(one) for one in known))
        ready[:] = [one for one, answer in zip(known, answers) if answer]
        if is_news:
            line.send("asked")
        await asyncio.sleep(LOOK_EVERY_S)


async def pass_on(reader, writer):
    try:
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def is_ready(port):
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.readline(), PATIENCE_S)
        writer.close()
        return b" 200 " in answer
    except (OSError, asyncio.TimeoutError):
        return False
