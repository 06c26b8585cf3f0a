"""Messages to people, over real sockets: once, to every channel, with nobody's data in them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from prometheus_client import generate_latest
from sqlalchemy import insert, select

from app.alerts.channels import (
    Channel,
    MailChannel,
    MailServer,
    NotSent,
    PlainHttp,
    WebhookChannel,
)
from app.alerts.conditions import Bounds
from app.alerts.dead_man import DeadMan
from app.alerts.notifier import Notifier
from app.alerts.telling import MAX_TRIES
from app.cli import main
from app.demo.service import free_port
from app.domain.lifecycle import State
from app.jobs import ALERTS, DEAD_MAN
from app.metrics import REGISTRY
from app.simulator import Address, OrderedLine
from app.store.alarms import load_told, mark_backlog
from app.store.models import Schedule
from app.store.session import Store
from app.wiring import backlog_pace
from tests.command_line import forget_settings
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven
from tests.integration.web import web_settings
from tests.peer import Peer, running_peer
from tests.store_rows import add_order, change_order

HOUR, DAY = 3600, 86_400
PERSON = Address("Canaria Finchley", "Birdhouse", "Postbus 4711", "1012 JS", "Kanariestad", "NL")
PERSONAL = ("Canaria", "Finchley", "Birdhouse", "4711", "1012 JS", "Kanariestad")


@pytest.fixture
async def chat() -> AsyncIterator[Peer]:
    """Return the chat people look at."""
    async with running_peer() as made:
        made.answer = lambda _, __: (200, {}, b"ok")
        yield made


def told(chat: Peer) -> list[str]:
    """Return the texts that were posted."""
    return [json.loads(body)["text"] for method, _, body in chat.requests if method == "POST"]


def notifier_of(store: Store, *channels: Channel) -> Notifier:
    """Return a notifier, as a process that has just started has it."""
    return Notifier(
        store,
        channels,
        pace=backlog_pace(web_settings("sqlite:///never-opened.db")),
        at_risk_seconds=DAY,
        bounds=Bounds(7 * DAY, 50),
    )


def by_chat(chat: Peer) -> WebhookChannel:
    return WebhookChannel(PlainHttp(f"{chat.base_url}/hook"))


async def ask_person(store: Store, number: int) -> int:
    return await add_order(store, number, attention_reason="stock_short", next_attempt_at=None)


async def test_told_once_by_all_processes_together(
    store: Store, other_store: Store, clock: FakeClock, chat: Peer
) -> None:
    """Begun, grown, and over: each is told once, whoever looks and however often."""
    order_id = await ask_person(store, 1)
    for _ in range(3):
        for process in (store, other_store):
            await notifier_of(process, by_chat(chat)).run()
            clock.advance(60)
    (begun,) = told(chat)
    assert begun.splitlines() == [
        "antbridge: needs a look",
        "- 1 order(s) wait for a person: 1 stock_short. See `antbridge orders list --attention "
        "any`. (docs/alerts.md#needs-attention)",
    ]

    await ask_person(store, 2)
    await notifier_of(store, by_chat(chat)).run()
    assert len(told(chat)) == 1  # within the hour
    clock.advance(HOUR)
    for process in (store, other_store):
        await notifier_of(process, by_chat(chat)).run()
    assert [text.count("2 stock_short") for text in told(chat)] == [0, 1]

    for order in (order_id, order_id + 1):
        await change_order(store, order, attention_reason=None)
    for process in (other_store, store):
        await notifier_of(process, by_chat(chat)).run()
    assert told(chat)[2:] == ["antbridge: resolved\n- Resolved: needs-attention"]


async def test_two_at_once_is_one_message(store: Store, clock: FakeClock, chat: Peer) -> None:
    """What begins together is told together; what is over stands beside what holds."""
    order_id = await ask_person(store, 1)
    await add_order(store, 2, ship_by_at=clock.now(), next_attempt_at=None)
    await notifier_of(store, by_chat(chat)).run()
    await change_order(store, order_id, attention_reason=None)
    await add_order(store, 3, created_at=clock.now(), next_attempt_at=None)
    clock.advance(8 * DAY)
    await notifier_of(store, by_chat(chat)).run()

    first, second = told(chat)
    assert [first.count(word) for word in ("wait for a person", "should have left")] == [1, 1]
    assert second.startswith("antbridge: needs a look\n")
    for line in ("- Resolved: needs-attention", "oldest order not closed is 8.0 days old"):
        assert line in second


async def test_a_channel_that_fails_is_tried_again_alone(
    store: Store, clock: FakeClock, chat: Peer
) -> None:
    """Later each time; the other channel was told at once and hears nothing twice."""
    await ask_person(store, 1)
    async with running_peer() as broken:
        broken.answer = lambda _, __: (500, {}, b"out of order")
        failing = by_chat(broken)
        failing.name = "mail"
        for minute in range(8):
            note = await notifier_of(store, failing, by_chat(chat)).run()
            assert ("mail: not sent: HTTP 500" in note) == (minute in (0, 1, 3, 7))
            clock.advance(60)
        assert (len(broken.requests), len(chat.requests)) == (4, 1)

        broken.answer = lambda _, __: (204, {}, b"")
        clock.advance(900)
        for _ in range(3):
            await notifier_of(store, failing, by_chat(chat)).run()
        assert (len(broken.requests), len(chat.requests)) == (5, 1)


@pytest.mark.long("postgres")
async def test_tries_end(store: Store, clock: FakeClock, chat: Peer) -> None:
    """A message that never gets through is given up; a day later there is another chance."""
    await ask_person(store, 1)
    chat.answer = lambda _, __: (302, {"Location": chat.base_url + "/else"}, b"")
    for _ in range(90):
        await notifier_of(store, by_chat(chat)).run()
        clock.advance(900)
    assert len(chat.requests) == MAX_TRIES
    clock.advance(DAY)
    await notifier_of(store, by_chat(chat)).run()
    assert len(chat.requests) == MAX_TRIES + 1
    assert set(chat.targets) == {"/hook"}


async def test_the_backlog_of_an_hour_ago(store: Store, clock: FakeClock) -> None:
    """It is known after an hour, stays that of one to two hours ago, and is forgotten in a gap."""
    known = []
    for orders in (10, 20, 30, 40, 50, 60):
        known.append(await mark_backlog(store, orders))
        clock.advance(HOUR / 2)
    assert known == [None, None, 10, 10, 30, 30]
    clock.advance(3 * HOUR)
    assert await mark_backlog(store, 70) is None


def settings_for(chat: Peer) -> dict[str, Any]:
    return {
        "alert_webhook_url": f"{chat.base_url}/hook",
        "deadman_url": f"{chat.base_url}/ping",
    }


async def _place(world: World, ship_to: Address) -> str:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], ship_to)
    await world.tell(order)
    await world.work()
    return order.id


async def test_a_worker_tells_of_an_order_and_of_nobody(
    store: Store, clock: FakeClock, chat: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The job is the worker's own; neither message nor metric names the order or a person."""
    async with build_world(store, clock, warehouse=hand_driven(), **settings_for(chat)) as world:
        order_id = await _place(world, PERSON)
        await world.run_job(ALERTS)

    (text,) = told(chat)
    assert "1 post_box" in text
    said = text + generate_latest(REGISTRY).decode() + str(await load_told(store))
    assert [word for word in (*PERSONAL, order_id) if word in said] == []
    assert f"{chat.base_url}/hook" not in capsys.readouterr().out


@pytest.mark.long("postgres")
@pytest.mark.parametrize("trouble", ["refuses", "breaks off", "is not there"])
async def test_orders_go_on_whatever_becomes_of_messages(
    store: Store, clock: FakeClock, chat: Peer, trouble: str
) -> None:
    """A chat that cannot be told harms no order, nor does a watchman."""
    settings = settings_for(chat)
    if trouble == "is not there":
        settings = dict.fromkeys(settings, "http://127.0.0.1:9/x")
    chat.answer = lambda _, __: (503, {"Content-Length": "9"} if trouble != "refuses" else {}, b"")
    async with build_world(store, clock, warehouse=hand_driven(), **settings) as world:
        await ask_person(store, 77)
        await world.pass_time(600, steps=10)
        order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")])
        await world.tell(order)
        await world.pass_time(600, steps=10)

        assert (await world.held(order)).state is State.PLACED
        async with store.read() as connection:
            rows = await connection.execute(select(Schedule.last_error, Schedule.last_note))
            assert [row.last_error for row in rows if row.last_error] == []


async def test_a_worker_calls_the_dead_mans_switch_every_minute(
    store: Store, clock: FakeClock, chat: Peer
) -> None:
    """While it runs its jobs, all is well."""
    async with build_world(store, clock, warehouse=hand_driven(), **settings_for(chat)) as world:
        await world.run_job(DEAD_MAN)
        began = chat.targets.count("/ping")
        await world.pass_time(300, steps=5)

    assert began >= 1
    assert chat.targets.count("/ping") == began + 5
    assert {method for method, target, _ in chat.requests if target == "/ping"} == {"GET"}


LATE: dict[str, tuple[float, float | None, str]] = {
    "in time": (-60, None, "called"),
    "ten minutes late": (600, None, "called"),
    "run by nobody": (601, None, "not called: late: reconcile"),
    "run by one whose lease ended": (601, -1, "not called: late: reconcile"),
    "running for hours": (6 * HOUR, 60, "called"),
    "hanging": (6 * HOUR + 1, 60, "not called: late: reconcile"),
}


@pytest.mark.parametrize("case", LATE.values(), ids=LATE)
async def test_the_dead_mans_switch_falls_silent(
    store: Store, clock: FakeClock, chat: Peer, case: tuple[float, float | None, str]
) -> None:
    """Once a job is not run in time, or never ends."""
    late_seconds, lease_seconds, said = case
    async with store.write() as connection:
        lease_until = clock.now() + timedelta(seconds=lease_seconds) if lease_seconds else None
        for name, late in (("shipments", 0.0), ("reconcile", late_seconds), ("gone", 10 * DAY)):
            values = {"name": name, "next_run_at": clock.now() - timedelta(seconds=late)}
            await connection.execute(insert(Schedule).values(lease_until=lease_until, **values))

    dead_man = DeadMan(store, PlainHttp(f"{chat.base_url}/ping"), ["shipments", "reconcile"])

    assert await dead_man.run() == said
    assert chat.targets == (["/ping"] if said == "called" else [])


async def test_the_dead_mans_switch_misses_a_job_that_was_never_set_up(
    store: Store, chat: Peer
) -> None:
    """And says so where the watchman cannot be reached."""
    assert "late: reconcile" in await DeadMan(store, PlainHttp(chat.base_url), ["reconcile"]).run()
    chat.answer = lambda _, __: (404, {}, b"")
    assert await DeadMan(store, PlainHttp(chat.base_url), []).run() == "not reached: HTTP 404"


async def test_the_command_tells_how_each_way_went(
    chat: Peer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`alerts test` sends by every way that is set, and says which one failed."""
    forget_settings(monkeypatch, tmp_path)

    async def run() -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["antbridge", "alerts", "test"])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    assert await run() == (2, "", "antbridge: set ALERT_WEBHOOK_URL or ALERT_MAIL_TO first\n")
    monkeypatch.setenv("ALERT_WEBHOOK_URL", f"{chat.base_url}/hook")
    assert await run() == (0, "webhook: sent\n", "")
    assert told(chat) == ["antbridge: test\nThis is a test. Nothing has happened."]
    mail = {"ALERT_MAIL_TO": "a@b.c", "ALERT_MAIL_FROM": "a@b.c", "SMTP_HOST": "127.0.0.1"}
    for name, value in {**mail, "SMTP_PORT": "9", "SMTP_SECURITY": "none"}.items():
        monkeypatch.setenv(name, value)
    status, out, err = await run()
    assert (status, out) == (1, "webhook: sent\n")
    assert err.startswith("mail: not sent: ")


async def test_the_environment_names_no_way_round(
    chat: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment is not asked, and a redirect is not followed."""
    async with running_peer() as stranger:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, stranger.base_url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        chat.answer = lambda _, __: (307, {"Location": stranger.base_url}, b"")
        with pytest.raises(NotSent, match=r"^HTTP 307$"):
            await by_chat(chat).send("subject", "text")
        assert stranger.connections == 0


class Mailbox:
    """What a mail server on this machine took in."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 taken"


def _only_ann(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    is_ann = (data.login, data.password) == (b"ann", b"right")
    return AuthResult(success=is_ann, handled=False)  # the server answers a wrong one itself


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return a mail server that wants a login and cannot encrypt."""
    box = Mailbox()
    box.port = free_port()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=box.port,
        authenticator=_only_ann,
        auth_require_tls=False,
        auth_required=True,
    )
    controller.start()
    yield box
    controller.stop()


def mail_by(box: Mailbox, security: Any = "none", password: str = "right") -> MailChannel:
    server = MailServer("127.0.0.1", box.port, security, "ann", password)
    return MailChannel(
        server, "antbridge@brand.example", ["one@brand.example", "two@brand.example"]
    )


async def test_mail(store: Store, mailbox: Mailbox) -> None:
    """A plain mail to all, signed in."""
    await ask_person(store, 1)

    assert "mail: 1 told" in await notifier_of(store, mail_by(mailbox)).run()

    (envelope,) = mailbox.envelopes
    assert envelope.mail_from == "antbridge@brand.example"
    assert envelope.rcpt_tos == ["one@brand.example", "two@brand.example"]
    mail = message_from_bytes(envelope.content or b"", policy=default)
    assert mail["Subject"] == "antbridge: needs a look"
    assert "1 stock_short" in mail.get_content()


@pytest.mark.parametrize(
    ("security", "password", "why"),
    [
        ("starttls", "right", "SMTPException"),
        ("tls", "right", "SMTPConnectError"),
        ("none", "wrong", "SMTPAuthenticationError"),
    ],
)
async def test_mail_that_is_not_sent(
    mailbox: Mailbox, security: str, password: str, why: str
) -> None:
    """Neither unencrypted where encryption is wanted, nor past a login that fails."""
    with pytest.raises(NotSent) as failure:
        await mail_by(mailbox, security, password).send("subject", "text")

    assert mailbox.envelopes == []
    assert str(failure.value) == why


async def test_a_mail_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up after a while, and a stop of the service cuts it off."""
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    monkeypatch.setattr("app.alerts.channels.SEND_SECONDS", 0.2)
    channel = MailChannel(MailServer("127.0.0.1", port, "none", "", ""), "a@b.c", ["a@b.c"])
    with pytest.raises(NotSent):
        await channel.send("subject", "text")

    monkeypatch.setattr("app.alerts.channels.SEND_SECONDS", 60.0)
    sending = asyncio.create_task(channel.send("subject", "text"))
    await asyncio.sleep(0.05)
    sending.cancel()
    assert isinstance((await asyncio.gather(sending, return_exceptions=True))[0], BaseException)
    silent.close()
