"""The commands about messages to people: `antbridge alerts`."""

import asyncio
import sys

import typer

from app.alerts.channels import Channel, NotSent
from app.cli_database import WRONG_USE
from app.settings import load_settings
from app.wiring import alert_channels

alerts_cli = typer.Typer(help="Messages to people.", no_args_is_help=True)


@alerts_cli.callback()
def alerts() -> None:
    """Messages to people about what needs them."""


@alerts_cli.command("test")
def test_command() -> None:
    """Send a test message by every way that is set; exit 1 if one fails."""
    channels = alert_channels(load_settings())
    if not channels:
        print("antbridge: set ALERT_WEBHOOK_URL or ALERT_MAIL_TO first", file=sys.stderr)
        raise typer.Exit(WRONG_USE)
    raise typer.Exit(asyncio.run(_send_all(channels)))


async def _send_all(channels: list[Channel]) -> int:
    status = 0
    for channel in channels:
        try:
            await channel.send("antbridge: test", "This is a test. Nothing has happened.")
        except NotSent as failure:
            print(f"{channel.name}: not sent: {failure}", file=sys.stderr)
            status = 1
        else:
            print(f"{channel.name}: sent")
    return status
