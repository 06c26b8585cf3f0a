"""
How people are told: a webhook of a chat (Slack, Teams and others that take `{"text": …}`), mail.

Apart from the two companies, and a collector of traces, these are the only addresses the service
ever calls, each only where a person has set it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal, Protocol

import httpx

SEND_SECONDS = 20.0


class NotSent(Exception):
    """A message did not get through; the text says how, and quotes nobody."""


class Channel(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """What it is called in the store and in the log."""

    async def send(self, subject: str, text: str) -> None:
        """
        Tell them.

        Raises:
            NotSent: It is not known to have got through.
        """


class PlainHttp:
    """Calls one address, with nothing of the environment in between."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Call *url*; *transport* replaces the network in tests."""
        self._url = url
        self._transport = transport

    async def call(self, method: Literal["GET", "POST"], json_body: object = None) -> None:
        """
        Make one call; any answer but 2xx is a failure, a redirect too.

        Raises:
            NotSent: There was none, or another.
        """
        try:
            async with (
                asyncio.timeout(SEND_SECONDS),
                httpx.AsyncClient(
                    transport=self._transport,
                    timeout=SEND_SECONDS,
                    trust_env=False,
                    follow_redirects=False,
                ) as http,
                http.stream(method, self._url, json=json_body) as response,
            ):
                if not response.is_success:
                    raise NotSent(f"HTTP {response.status_code}")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise NotSent(type(error).__name__) from None


class WebhookChannel:
    """A chat's webhook."""

    name = "webhook"

    def __init__(self, http: PlainHttp) -> None:
        """Post through *http*."""
        self._http = http

    async def send(self, subject: str, text: str) -> None:
        """Post the message as one text."""
        await self._http.call("POST", {"text": f"{subject}\n{text}"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str
    password: str


class MailChannel:
    """Mail, in plain text."""

    name = "mail"

    def __init__(self, server: MailServer, sender: str, recipients: Sequence[str]) -> None:
        """Hand mail of *sender* to *recipients* in at *server*."""
        self._server = server
        self._sender = sender
        self._recipients = tuple(recipients)

    async def send(self, subject: str, text: str) -> None:
        """Send one mail to all; a server that does not encrypt as it should gets nothing."""
        import aiosmtplib  # only here: few send mail

        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._recipients)
        mail["Subject"] = subject
        mail.set_content(text)
        server = self._server
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await aiosmtplib.send(
                    mail,
                    hostname=server.host,
                    port=server.port,
                    username=server.username or None,
                    password=server.password or None,
                    use_tls=server.security == "tls",
                    start_tls=server.security == "starttls",
                    timeout=SEND_SECONDS,
                )
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise NotSent(type(error).__name__) from None
