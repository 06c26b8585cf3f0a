"""Keep-alive connections that send at full speed or at an even pace, and time the answers."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

HOST = "127.0.0.1"


@dataclass(slots=True)
class Tally:
    """What came back."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    def note(self, status: bytes, seconds: float) -> None:
        """Count one answer."""
        self.latencies.append(seconds)
        self.refused += status != b"200"


class Connection(asyncio.Protocol):
    """One keep-alive connection; one request at a time."""

    def __init__(self, tally: Tally, on_free: Callable[["Connection"], None]) -> None:
        self._tally = tally
        self._on_free = on_free
        self._buffer = b""
        self._since = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Count what was under way as refused."""
        if self._since:
            self._tally.refused += 1

    def send(self, request: bytes, since: float) -> None:
        """Send *request*; its time counts from *since*."""
        self._since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read an answer as far as needed to know that it is whole."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        self._tally.note(self._buffer[9:12], time.perf_counter() - self._since)
        self._buffer, self._since = b"", 0.0
        self._on_free(self)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def _connect(port: int, tally: Tally, on_free: Any, wanted: int) -> list[Connection]:
    loop = asyncio.get_running_loop()
    made = []
    for _ in range(wanted):
        _, protocol = await loop.create_connection(lambda: Connection(tally, on_free), HOST, port)
        made.append(protocol)
    return made


async def push(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Tally:
    """Send as fast as answers come, until *seconds* are over or nothing is left to send."""
    tally = Tally()
    busy = connections
    done = asyncio.Event()
    ends = time.perf_counter() + 3600

    def go_on(connection: Connection) -> None:
        nonlocal busy
        now = time.perf_counter()
        request = next(requests, None) if now < ends else None
        if request is not None:
            connection.send(request, now)
            return
        busy -= 1
        if busy == 0:
            done.set()

    made = await _connect(port, tally, go_on, connections)
    ends = time.perf_counter() + seconds
    for connection in made:
        go_on(connection)
    async with asyncio.timeout(seconds + 30):
        await done.wait()
    for connection in made:
        connection.close()
    return tally


async def pace(port: int, requests: list[bytes], connections: int, per_second: float) -> Tally:
    """Send at an even pace; the time of each counts from when it was due, not when it left."""
    tally = Tally()
    free: deque[Connection] = deque()
    late: deque[tuple[bytes, float]] = deque()

    def on_free(connection: Connection) -> None:
        if late:
            connection.send(*late.popleft())
        else:
            free.append(connection)

    made = await _connect(port, tally, on_free, connections)
    free.extend(made)
    started = time.perf_counter() + 0.05
    for position, request in enumerate(requests):
        due = started + position / per_second
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        if free:
            free.popleft().send(request, due)
        else:
            late.append((request, due))
    async with asyncio.timeout(60):
        while len(tally.latencies) + tally.refused < len(requests):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for connection in made:
        connection.close()
    return tally
