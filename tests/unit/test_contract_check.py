"""Each change of a published OpenAPI file that matters is named; none is found where none is."""

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli import main
from app.contract_check import NotPublished, Published, find_changes, load_reliance
from app.contract_check.reliance import ReliedCall
from tests.contract.openapi_file import FILE_NAME, openapi_dir

MEDIA_TYPE = "application/vnd.api+json"
SOURCES = ("own", "published") if openapi_dir() is not None else ("own",)
Document = dict[str, Any]


@cache
def _document(source: str) -> Document:
    if source == "published":
        folder = openapi_dir()
        assert folder is not None
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return dict(yaml.load((folder / FILE_NAME).read_text("utf-8"), Loader=loader))
    calls: dict[str, Any] = {}
    for call in load_reliance().calls:
        calls.setdefault(call.path.replace("{}", "{id}"), {})[call.method] = _describe(call)
    flow = {"tokenUrl": "https://www.example/oauth/token", "scopes": {}}
    login = {"type": "oauth2", "flows": {"clientCredentials": flow}}
    return {
        "openapi": "3.1.0",
        "paths": calls,
        "security": [{"login": []}],
        "components": {"securitySchemes": {"login": login}},
    }


def _describe(call: ReliedCall) -> Document:
    """Return a call of a file of our own that says of it exactly what is relied on."""
    answer: Document = {"type": "object", "properties": {}}
    for read in call.reads:
        _describe_read(answer, read.path, sorted(read.types), sorted(read.words))
    parameters: list[Document] = [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in call.query
    ]
    parameters.append({"name": "id", "in": "path", "required": True})
    kinds: dict[str, list[Any]] = {}
    for one in call.bodies:
        kinds.setdefault(one.get("data", {}).get("type", ""), []).append(one)
    body = {"schema": {"oneOf": [_schema_of(bodies) for bodies in kinds.values()]}}
    return {
        "parameters": parameters,
        "requestBody": {"content": {MEDIA_TYPE: body}},
        "responses": {str(call.status): {"content": {MEDIA_TYPE: {"schema": answer}}}},
    }


def _describe_read(schema: Document, path: str, types: list[str], words: list[str]) -> None:
    steps = [step for step in path.replace("[", ".[").split(".") if step]
    for step in steps:
        if step.startswith("["):
            schema["type"] = "array"
            schema = schema.setdefault("items", {"type": "object", "properties": {}})
            continue
        schema.setdefault("properties", {})
        schema = schema["properties"].setdefault(step, {"type": "object"})
    schema.pop("properties", None)
    schema["type"] = types
    if words:
        schema["enum"] = words


def _schema_of(samples: list[Any]) -> Document:
    """Return a schema of all samples, which allows the words in them and no others."""
    if all(isinstance(one, dict) for one in samples):
        names = dict.fromkeys(name for one in samples for name in one)
        return {
            "properties": {
                name: _schema_of([one[name] for one in samples if name in one]) for name in names
            }
        }
    if isinstance(samples[0], list):
        return {"type": "array", "items": _schema_of([one for each in samples for one in each])}
    words = [one for one in samples if isinstance(one, str)]
    if words:
        return {"type": ["string", "null"], "enum": [*words, None]}
    return {} if samples[0] is None else {"type": "number"}


def walk(node: Any) -> Iterator[Document]:
    if isinstance(node, dict):
        yield node
        for child in list(node.values()):
            yield from walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from walk(child)


def schemas_of(document: Document, name: str) -> list[Document]:
    """Return every set of properties with a field *name*."""
    found = [one["properties"] for one in walk(document) if isinstance(one.get("properties"), dict)]
    return [properties for properties in found if name in properties]


def rename(old: str, new: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        for properties in schemas_of(document, old):
            if old in properties:  # several places may share one schema
                properties[new] = properties.pop(old)

    return change


def retype(name: str, type_name: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        for properties in schemas_of(document, name):
            properties[name] = {"type": type_name}

    return change


def add_word(beside: str, word: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        for one in walk(document):
            if isinstance(one.get("enum"), list) and beside in one["enum"]:
                one["enum"] = [*one["enum"], word]

    return change


def drop_word(word: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        for one in walk(document):
            if isinstance(one.get("enum"), list) and word in one["enum"]:
                one["enum"] = [other for other in one["enum"] if other != word] or ["else"]

    return change


def at(path: str, method: str) -> Callable[[Document], Document]:
    def find(document: Document) -> Document:
        (item,) = [
            item
            for name, item in document["paths"].items()
            if path == "/".join("{}" if part.startswith("{") else part for part in name.split("/"))
        ]
        return dict.__getitem__(item, method)

    return find


ORDER = "/api/v1/orders/{}"
QUOTES = "/api/v1/orders/{}/shipping-quotes"
TRANSITION = "/api/v1/orders/{}/-actions/transition"
TRACKING = "/api/v1/master-orders/{}/tracking"


def remove_path(document: Document) -> None:
    name = next(name for name in document["paths"] if name.endswith("/shipping-quotes"))
    del document["paths"][name]


def remove_method(document: Document) -> None:
    name = next(
        name for name in document["paths"] if name.count("/") == 5 and name.endswith("/tracking")
    )
    del document["paths"][name]["patch"]


def require_parameter(document: Document) -> None:
    given = {"name": "brand", "in": "query", "required": True, "schema": {"type": "string"}}
    at(ORDER, "get")(document)["parameters"].append(given)


def require_header(document: Document) -> None:
    given = {"name": "X-Api-Version", "in": "header", "required": True}
    at(ORDER, "get")(document)["parameters"].append(given)


def drop_query(document: Document) -> None:
    call = at(ORDER, "get")(document)
    kept = []
    for one in call["parameters"]:
        target = document
        for step in one.get("$ref", "").removeprefix("#/").split("/") if "$ref" in one else ():
            target = target[step]
        if (target if "$ref" in one else one).get("name") != "include":
            kept.append(one)
    call["parameters"] = kept


def require_field(document: Document) -> None:
    for one in walk(document):
        if isinstance(one.get("properties"), dict) and "kg" in one["properties"]:
            one["properties"]["customsCode"] = {"type": "string"}
            one["required"] = [*one.get("required", ()), "customsCode"]


def move_token(document: Document) -> None:
    for scheme in document["components"]["securitySchemes"].values():
        scheme["flows"]["clientCredentials"]["tokenUrl"] = "https://login.example/token"


def change_login(document: Document) -> None:
    for scheme in document["components"]["securitySchemes"].values():
        scheme.clear()
        scheme.update({"type": "apiKey", "in": "header", "name": "X-Key"})


def change_status(document: Document) -> None:
    answers = at(QUOTES, "post")(document)["responses"]
    answers["202"] = answers.pop("200")


def change_media_type(document: Document) -> None:
    answer = at(QUOTES, "post")(document)["responses"]["200"]
    answer["content"] = {"application/json": answer["content"].popitem()[1]}


def deprecate(document: Document) -> None:
    at(QUOTES, "post")(document)["deprecated"] = True


PLANTED: dict[str, tuple[Callable[[Document], None], str, str, str]] = {
    # case: the change, the call, the place and what is said of it
    "path gone": (remove_path, f"POST {QUOTES}", "the call", "the path is gone"),
    "method gone": (remove_method, f"PATCH {TRACKING}", "the call", "the path has only GET, POST"),
    "read field renamed": (
        rename("brandUnitPrice", "unitPrice"),
        f"GET {ORDER}",
        "read included[orderitem].attributes.brandUnitPrice",
        "not described any more",
    ),
    "sent field renamed": (
        rename("kg", "weight"),
        f"POST {QUOTES}",
        "sent parcels[].kg",
        "not described any more",
    ),
    "required parameter": (require_parameter, f"GET {ORDER}", "query brand", "is required now"),
    "required header": (require_header, f"GET {ORDER}", "header X-Api-Version", "is required now"),
    "required field": (
        require_field,
        f"POST {QUOTES}",
        "sent parcels[].customsCode",
        "is required now",
    ),
    "query gone": (drop_query, f"GET {ORDER}", "query include", "not described any more"),
    "new status": (
        add_word("brand_confirmed", "on_hold"),
        f"GET {ORDER}",
        "read data.attributes.status",
        "'on_hold'",
    ),
    "new event": (
        add_word("order.brand_created", "order.flown"),
        "GET /api/v1/applications",
        "read included[webhooksubscription].attributes.events[]",
        "'order.flown'",
    ),
    "sent word gone": (
        drop_word("PRODUCT_OUT_OF_STOCK"),
        f"POST {TRANSITION}",
        "sent data.attributes.rejectType",
        "'PRODUCT_OUT_OF_STOCK' is not among its values",
    ),
    "read type changed": (
        retype("multipliedQuantity", "object"),
        f"GET {ORDER}",
        "read included[orderitem].attributes.multipliedQuantity",
        "it can be object now",
    ),
    "sent type changed": (
        retype("trackingLink", "object"),
        "POST /api/v1/shipping-quotes/{}/confirm",
        "sent tracking.trackingLink",
        "it must be object now",
    ),
    "token moved": (move_token, f"GET {ORDER}", "the login", "https://login.example/token"),
    "login changed": (change_login, f"GET {ORDER}", "the login", "client credentials"),
    "status changed": (change_status, f"POST {QUOTES}", "the answer", "200 is not among"),
    "media type changed": (change_media_type, f"POST {QUOTES}", "the answer", "none of type"),
    "deprecated": (deprecate, f"POST {QUOTES}", "the call", "it is deprecated"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_found_where_nothing_changed(source: str) -> None:
    """The file that is relied on, and one of our own that says the same."""
    assert find_changes(Published(_document(source)), load_reliance()) == []


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", PLANTED)
def test_each_change_that_matters_is_named(case: str, source: str) -> None:
    """The call, the place and the problem are told, with what it means."""
    plant, call, place, words = PLANTED[case]
    document = copy.deepcopy(_document(source))
    plant(document)
    found = find_changes(Published(document), load_reliance())
    assert [
        one for one in found if one.call == call and one.place == place and words in one.problem
    ]
    assert all(one.meaning and one.what for one in found)


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_only_added_does_not_matter(source: str) -> None:
    """New paths, optional parameters, fields that come and words nobody reads are no findings."""
    document = copy.deepcopy(_document(source))
    document["paths"]["/api/v2/moods"] = {"get": {}}
    at(ORDER, "get")(document)["parameters"].append({"name": "mood", "in": "query"})
    for properties in schemas_of(document, "brandUnitPrice"):
        properties["loyaltyLevel"] = {"type": "string", "enum": ["gold"]}
    assert find_changes(Published(document), load_reliance()) == []


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs the command on a file: exit status, standard output and error."""

    def check(path: Path, *options: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["antbridge", "contract", "check", str(path), *options])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return check


def test_the_command(run: Run, tmp_path: Path) -> None:
    """0 for nothing, 1 for findings, told by call; `--json` says the same for programs."""
    file = tmp_path / "spec.yml"
    file.write_text(yaml.safe_dump(_document("own")))
    assert run(file) == (0, "Nothing changed that this version relies on.\n", "")

    document = copy.deepcopy(_document("own"))
    deprecate(document)
    remove_method(document)
    file.write_text(yaml.safe_dump(document))
    status, text, _ = run(file)
    assert status == 1
    assert f"PATCH {TRACKING} (change the tracking of parcels)\n  the call: the path has" in text
    assert text.endswith("2 changes matter.\n")
    status, text, _ = run(file, "--json")
    assert (status, len(json.loads(text)["changes"])) == (1, 2)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "it cannot be read"),
        (b"\xff\xfe\x00", "it is no text"),
        (b"{unclosed: [", "it is no YAML"),
        (b"[" * 5000, "it is no YAML"),
        (b"just words", "no mapping"),
        (b"swagger: '2.0'\npaths: {}", "no `openapi: 3"),
        (b"openapi: 3.1.0", "it describes no paths"),
        (b"openapi: 3.1.0\npaths: {}", "it describes no paths"),
    ],
)
def test_what_is_no_published_file(
    content: bytes | None, problem: str, run: Run, tmp_path: Path
) -> None:
    """Status 2, and one line that names the file, what is wrong and what would be right."""
    file = tmp_path / "spec.yml"
    if content is not None:
        file.write_bytes(content)
    status, out, error = run(file)
    assert (status, out) == (2, "")
    assert f"{file}: " in error
    assert problem in error
    assert "give Ankorstore's published OpenAPI file" in error


@pytest.mark.parametrize(
    "paths",
    [
        {"/api/v1/orders/{order}": None},
        {"/api/v1/orders/{order}": {"get": None}},
        {"/api/v1/orders/{order}": {"get": {"responses": [], "parameters": "x"}}},
        {"/api/v1/orders/{order}": {"$ref": "#/paths/~1api~1v1~1orders~1{order}"}},
    ],
)
def test_a_file_that_is_odd_inside_is_compared_all_the_same(paths: Any) -> None:
    """What cannot be followed counts as not described; nothing breaks."""
    found = find_changes(Published({"openapi": "3.1.0", "paths": paths}), load_reliance())
    assert len(found) >= len(load_reliance().calls)


ODD = (None, True, 7, "x", [], ["x", 7, None, {}], {}, {"x": 7}, {"$ref": 7}, {"$ref": "#/nowhere"})


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Walk every place of a document that something else could stand in."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], dict | list):
            yield from places(node[key])


def test_no_odd_value_anywhere_breaks_the_comparison() -> None:
    """Whatever stands where a file has something else, the rest is compared all the same."""
    few = (QUOTES, "/api/v1/product-variants")
    calls = tuple(one for one in load_reliance().calls if one.path in few)
    reliance = dataclasses.replace(load_reliance(), calls=calls)
    document = copy.deepcopy(_document("own"))
    kept = {call.path.replace("{}", "{id}") for call in reliance.calls}
    document["paths"] = {path: one for path, one in document["paths"].items() if path in kept}
    tried = 0
    for node, key in list(places(document)):
        before = node[key]
        for odd in ODD:
            node[key] = odd
            with suppress(NotPublished):
                find_changes(Published(document), reliance)
            tried += 1
        node[key] = before
    assert tried > 500
    assert find_changes(Published(document), reliance) == []
