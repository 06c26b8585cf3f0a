"""What is declared in `app/contract_check/ankorstore.toml` is what the client sends and reads."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.ankorstore.verdicts import Operation
from app.contract_check import load_reliance
from app.contract_check.reliance import ReliedCall
from tests.contract.recording import Recording, recorded, use_every_call

RELIED = {f"{call.method.upper()} {call.path}": call for call in load_reliance().calls}
GENERIC = frozenset({"data", "links", "included", "attributes", "relationships", "type"})
"""Members every JSON:API document has; reading them is no reliance on a field."""
WORDS = frozenset({"type", "rejectType", "resetType", "status"})
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Return what went over the wire while every call was made once."""
    with recorded() as made:
        asyncio.run(use_every_call())
    return made


def template(call: str) -> str:
    return _ID.sub("{}", call)


def skeleton(value: Any, path: str = "") -> Iterator[str]:
    """Walk what a body says in fields and words, whatever ids and figures it holds."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from skeleton(one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for one in value:
            yield from skeleton(one, f"{path}[]")
    else:
        is_word = path.rpartition(".")[2] in WORDS
        yield f"{path} = {value}" if is_word else f"{path}: {type(value).__name__}"


def leaves(paths: set[str]) -> set[str]:
    """Return the fields that are read, without the objects on the way to them."""
    return {
        path
        for path in paths
        if path.rpartition(".")[2] not in GENERIC
        and not re.fullmatch(r"included\[\w+\]\.id", path)
        and not any(other.startswith((f"{path}.", f"{path}[")) for other in paths)
    }


def declared(call: ReliedCall) -> set[str]:
    return {read.path.removesuffix("[]") for read in call.reads} | call.undescribed


def test_the_calls_made_are_the_calls_declared(recording: Recording) -> None:
    """None is missing, and none is declared that nobody makes."""
    assert {template(call) for call in recording.queries} == RELIED.keys()


def test_the_recording_makes_every_call_there_is() -> None:
    """A new operation of the client is a new call to be recorded here."""
    assert len(Operation) == 16, "record the new operation in tests/contract/recording.py"


def test_queries(recording: Recording) -> None:
    """Names and values of queries are those declared."""
    for call, names in recording.queries.items():
        relied = RELIED[template(call)].query
        assert names.keys() <= relied.keys(), call
        for name, values in names.items():
            sent = {word for value in values for word in value.split(",")}
            assert sent <= set(relied[name].split(",")), (call, name)


def test_bodies(recording: Recording) -> None:
    """Every field and word that is sent is declared, and none is declared that nobody sends."""
    sent: dict[str, set[str]] = {}
    for call, bodies in recording.bodies.items():
        sent.setdefault(template(call), set()).update(*(skeleton(body) for body in bodies))
    for call, relied in RELIED.items():
        assert sent.get(call, set()) == {one for body in relied.bodies for one in skeleton(body)}


def test_reads(recording: Recording) -> None:
    """Every field that is read is declared, and none is declared that nobody reads."""
    read: dict[str, set[str]] = {}
    for call, paths in recording.reads.items():
        read.setdefault(template(call), set()).update(paths)
    for call, relied in RELIED.items():
        found, told = leaves(read.get(call, set())), declared(relied)
        within = {one for one in found if any(other.startswith(f"{one}.") for other in told)}
        assert found - within <= told, call
        assert told - {"data[].type"} <= found | _beyond(found, told), call


def _beyond(found: set[str], told: set[str]) -> set[str]:
    """Return what is declared of objects that were null in this call and are read where not."""
    return {one for one in told if any(one.startswith(f"{path}.") for path in found)}
