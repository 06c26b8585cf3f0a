"""
Questions only this installation can answer: whoever asks notes the answer in the database first.

What comes in over the public address is looked up by its hash and answered once. Nobody can make
this installation answer anything it did not ask itself.
"""

import hashlib
import secrets
from typing import cast

from sqlalchemy import Table, delete, select

from app.store.models_webhooks import LoopbackRow
from app.store.session import Store

CHALLENGE_SECONDS = 60.0

_rows = cast(Table, LoopbackRow.__table__)


async def make_challenge(store: Store) -> tuple[str, str]:
    """Return a question and its answer; drop those nobody answered in time."""
    challenge, answer = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    values = {
        "challenge_hash": _hash(challenge),
        "answer": answer,
        "expires_at": store.time(CHALLENGE_SECONDS),
    }
    async with store.write() as connection:
        await connection.execute(delete(_rows).where(_rows.c.expires_at <= store.time()))
        await connection.execute(_rows.insert().values(values))
    return challenge, answer


async def answer_challenge(store: Store, challenge: str) -> str | None:
    """Return the answer, once; None where nobody here asked this lately. Strangers cost a read."""
    its = (_rows.c.challenge_hash == _hash(challenge), _rows.c.expires_at > store.time())
    async with store.read() as connection:
        if (await connection.execute(select(_rows.c.answer).where(*its))).first() is None:
            return None
    async with store.write() as connection:
        taken = await connection.execute(delete(_rows).where(*its).returning(_rows.c.answer))
        row = taken.first()
    return str(row.answer) if row is not None else None


def _hash(challenge: str) -> str:
    return hashlib.sha256(challenge.encode()).hexdigest()
