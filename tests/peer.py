"""A server on this machine that answers anything and keeps every request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Answer = tuple[int, dict[str, str], bytes]


class Peer:
    """A server on this machine that keeps every request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.heads: list[str] = []
        self.connections = 0
        self.port = 0
        self.answer: Callable[[str, str], Answer] = lambda _, __: (404, {}, b"")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := (await _read_head(reader)):
            method, target, _ = head.split("\r\n")[0].split(" ")
            length = next(
                (int(line[15:]) for line in head.lower().split("\r\n") if "content-length" in line),
                0,
            )
            self.requests.append((method, target, await reader.readexactly(length)))
            self.heads.append(head)
            status, headers, body = self.answer(method, target)
            headers = {"Content-Length": str(len(body)), **headers}
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"HTTP/1.1 {status} Told\r\n{lines}\r\n".encode() + body)
            await writer.drain()
        writer.close()

    @property
    def base_url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """The path of every request."""
        return [target for _, target, _ in self.requests]


async def _read_head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


@asynccontextmanager
async def running_peer() -> AsyncIterator[Peer]:
    """Run one on a free port until the block ends."""
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
