"""
Which differences between a published file and this version's reliance matter, and why.

What is only added without touching what is sent or read is no finding: the service leaves
unknown fields alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.contract_check.published import Published, PublishedCall, types_of, words_of
from app.contract_check.reliance import Read, Reliance, ReliedCall
from app.contract_check.samples import find_problems

REFUSED = "Ankorstore may refuse this call; do not go on with this version once it is in force."
ABSENT = "The service takes it for not told: orders wait for a person where it is needed."
MISREAD = "The service takes a value of another type for not told, with a note in the order."
UNHANDLED = "The service keeps such a value as it comes, has no rule for it, and shows it."
LOST = "The service cannot do this any more: every such call would fail."


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that matters."""

    call: str
    what: str
    """What the call is for."""
    place: str
    problem: str
    meaning: str


def find_changes(published: Published, reliance: Reliance) -> list[Change]:
    """Return every difference that matters to this version, in the order of its calls."""
    return [
        change for relied in reliance.calls for change in _changes_of(published, relied, reliance)
    ]


def _changes_of(published: Published, relied: ReliedCall, reliance: Reliance) -> Iterator[Change]:
    def change(place: str, problem: str, meaning: str) -> Change:
        name = f"{relied.method.upper()} {relied.path}"
        return Change(name, relied.what, place, problem, meaning)

    call = published.find_call(relied.method, relied.path)
    if call is None:
        methods = ", ".join(published.methods_of(relied.path))
        told = f"the path has only {methods} now" if methods else "the path is gone"
        yield change("the call", told, LOST)
        return
    if call.definition.get("deprecated"):
        yield change("the call", "it is deprecated", "It works today and is announced to go.")
    for found in (
        _login_problems(published, call, reliance),
        _query_problems(published, call, relied),
        _body_problems(published, call, relied, reliance),
        _answer_problems(published, call, relied, reliance),
    ):
        for place, problem, meaning in found:
            yield change(place, problem, meaning)


_Problems = Iterator[tuple[str, str, str]]


def _login_problems(published: Published, call: PublishedCall, reliance: Reliance) -> _Problems:
    if published.is_open(call):
        return
    for login in published.logins_of(call):
        if login.get("type") == "http" and str(login.get("scheme")).lower() == "bearer":
            return
        flows = login.get("flows")
        flow = flows.get("clientCredentials") if isinstance(flows, Mapping) else None
        if isinstance(flow, Mapping):
            if urlsplit(str(flow.get("tokenUrl"))).path == reliance.token_path:
                return
            told = f"the token comes from {flow.get('tokenUrl')} now"
            yield "the login", told, "The service asks for it elsewhere: it cannot log in."
            return
    yield "the login", "client credentials are no way in any more", LOST


def _query_problems(published: Published, call: PublishedCall, relied: ReliedCall) -> _Problems:
    declared = {str(one.get("name")): one for one in call.parameters if one.get("in") == "query"}
    for name, value in relied.query.items():
        if name not in declared:
            yield f"query {name}", "it is not described any more", REFUSED
            continue
        for schema in published.plain(declared[name].get("schema")):
            allowed = words_of(schema)
            for word in value.split(","):
                if allowed and word not in allowed:
                    yield f"query {name}", f"{word!r} is not among its values any more", REFUSED
    for one in call.parameters:
        name = str(one.get("name"))
        is_sent = one.get("in") == "path" or name in relied.query
        is_header = one.get("in") == "header" and name.lower() in _SENT_HEADERS
        if one.get("required") and not is_sent and not is_header:
            told = "it is required now, and this version does not send it"
            yield f"{one.get('in')} {name}", told, REFUSED


_SENT_HEADERS = frozenset({"accept", "content-type", "authorization"})


def _body_problems(
    published: Published, call: PublishedCall, relied: ReliedCall, reliance: Reliance
) -> _Problems:
    if not relied.bodies:
        if published.requires_body(call):
            yield "the body", "one is required now, and this version sends none", REFUSED
        return
    schema = published.schema_of_body(call, reliance.media_type)
    if schema is None:
        yield "the body", f"none of type {reliance.media_type} is described any more", REFUSED
        return
    found = {
        problem: None
        for body in relied.bodies
        for problem in find_problems(published, schema, body)
    }
    for problem in found:
        yield f"sent {problem.path}", problem.text, REFUSED


def _answer_problems(
    published: Published, call: PublishedCall, relied: ReliedCall, reliance: Reliance
) -> _Problems:
    answers = published.answers_of(call)
    if str(relied.status) not in answers and not {"2XX", "default"} & answers.keys():
        told = f"{relied.status} is not among its answers any more"
        yield "the answer", told, "Any 2xx still counts as a yes, if its body can be read."
        return
    if not relied.reads:
        return
    schema = published.schema_of_answer(call, relied.status, reliance.media_type)
    if schema is None:
        told = f"none of type {reliance.media_type} is described any more"
        yield "the answer", told, "The service may not be able to read it: look before it comes."
        return
    for read in relied.reads:
        for problem, meaning in _read_problems(published, schema, read):
            yield f"read {read.path}", problem, meaning


def _read_problems(published: Published, schema: Any, read: Read) -> Iterator[tuple[str, str]]:
    steps = [step for step in read.path.replace("[", ".[").split(".") if step]
    found = list(published.find(schema, steps))
    if not found:
        yield "it is not described any more", ABSENT
        return
    types = frozenset(name for one in found for name in types_of(one))
    if strange := types - read.types:
        wanted = " or ".join(sorted(read.types))
        yield f"it can be {' or '.join(sorted(strange))} now; this version reads {wanted}", MISREAD
    if read.words:
        words = {str(word) for one in found for word in words_of(one)}
        for word in sorted(words - read.words):
            yield f"it can be {word!r} now", UNHANDLED
