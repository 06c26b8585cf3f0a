"""
The server's HTTP parser with an end to what it keeps of a request besides the body.

The parser collects request lines, headers and trailers however long they get, and a single
connection that never ends its header fills the memory of the process. Bodies need no limit here:
they are handed on piece by piece, and whoever reads one decides how much of it to take.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""Proxies and other servers stop between 8 and 32 KiB; chunked bodies need some for framing."""
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 24\r\nconnection: close\r\n\r\n"
    b"the header is too large\n"
)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes a connection whose request is too large without its body."""

    _head_bytes = 0
    """What came for the request under way, less what was handed on as its body."""

    def data_received(self, data: bytes) -> None:
        """Parse *data*, then see whether the request may go on."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:  # else an answer is under way
                self.transport.write(_REFUSAL)
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of the body."""
        self._head_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew: the request has come whole."""
        self._head_bytes = 0
        super().on_message_complete()
