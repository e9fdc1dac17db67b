"""Boards that stay open: each holds an event stream, and fetches its page anew when it hears of a change, as static/live.js
does. Runs in a process of its own."""

import asyncio
import multiprocessing
import resource
import time
from urllib.parse import urlsplit

import answers

OPENED_A_SECOND = 200
PAGE = "/c/synthetic/leaderboard"
STREAM = "/c/synthetic/live?on=board"
# One of so many who look is not signed in.
STRANGERS = 10


def cookie_of(people, number, who):
    """The lines of a header by which somebody looks, or none."""
    return "" if number % STRANGERS == 0 else f"cookie: {people[who % len(people)]}\r\nsec-fetch-site: same-origin\r\n"


class Watchers:
    """So many open boards, for as long as this is entered; afterwards what they met."""

    def __init__(self, url, number, people):
        self.url, self.number, self.people, self.told = url, number, people, None

    def __enter__(self):
        self.line, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=watch, args=(theirs, self.url, self.number, self.people))
        self.process.start()
        self.line.recv()  # all are open
        return self

    def begin(self):
        """What was met until now is forgotten."""
        self.line.send("begin")

    def __exit__(self, *_):
        self.line.send("end")
        self.told = self.line.recv()
        self.process.join()


def watch(line, url, number, people):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(watch_all(line, urlsplit(url), number, people))


async def watch_all(line, address, number, people):
    met = {"taken": [], "errors": [], "heard": 0}
    opened = []
    for at in range(number):
        ready = asyncio.Event()
        opened.append((asyncio.ensure_future(stay_open(address, cookie_of(people, at, at), met, ready)), ready))
        if at % (OPENED_A_SECOND // 10) == 0:
            await asyncio.sleep(0.1)
    for _, ready in opened:
        await ready.wait()
    line.send("open")
    while True:
        while not line.poll():
            await asyncio.sleep(0.2)
        if line.recv() == "end":
            break
        met["taken"].clear()
        met["errors"].clear()
        met["heard"] = 0
    line.send({**answers.summary(met["taken"], len(met["errors"])), "heard": met["heard"], "open": number, "said": met["errors"][:3]})
    for task, _ in opened:
        task.cancel()


async def stay_open(address, cookie, met, ready):
    """Opens a stream anew when it ends, as a browser does after the time that the server asked for."""
    retry = 3.0
    while True:
        try:
            reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**14)
            writer.write(f"GET {STREAM} HTTP/1.1\r\nhost: {address.netloc}\r\naccept: text/event-stream\r\n{cookie}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(head.split(b"\r\n")[0].decode())
            was_open = ready.is_set()
            ready.set()
            if was_open:
                await fetch(address, cookie, met)
            async for text in reader:
                if text.startswith(b"retry:"):
                    retry = int(text.split(b":")[1]) / 1e3
                elif text == b"event: board\n":
                    met["heard"] += 1
                    await fetch(address, cookie, met)
            writer.close()
        except (OSError, asyncio.IncompleteReadError, ConnectionError) as error:
            met["errors"].append(f"stream: {error!r}")
        await asyncio.sleep(retry)


async def fetch(address, cookie, met):
    begun = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        asked = f"GET {PAGE} HTTP/1.1\r\nhost: {address.netloc}\r\naccept-encoding: gzip, deflate, br, zstd\r\nconnection: close\r\n{cookie}\r\n"
        writer.write(asked.encode())
        await answers.read(reader)
        met["taken"].append(time.perf_counter() - begun)
        writer.close()
    except Exception as error:  # noqa: BLE001: whatever it is, the page was not there
        met["errors"].append(f"{PAGE}: {error!r}")
