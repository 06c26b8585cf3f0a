"""Writes the pages of the documentation that are made from the code: settings, API, licences."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from scripts.write_licences import write_licences

ROOT = Path(__file__).resolve().parents[1]
_SECTION = re.compile(r"^# --- (?P<title>.+?) -+$")
_ASSIGNMENT = re.compile(r"^#?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$")
_METHODS = ("get", "post", "put", "patch", "delete")
_STAND_INS = {
    "ankorstore_client_id": "-",
    "ankorstore_client_secret": "-",
    "ankorstore_webhook_secrets": "-",
    "active_ants_username": "-",
    "active_ants_password": "-",
    "operator_token": "-",
    "database_url": "sqlite:///data/antbridge.db",
}


def write_settings() -> str:
    """Return the page of settings: the words of `.env.example`, the defaults of the code."""
    lines = ["# Settings", "", _INTRODUCTION]
    words: list[str] = []
    names: list[tuple[str, str]] = []
    has_begun = False
    for line in [*(ROOT / ".env.example").read_text("utf-8").splitlines(), ""]:
        if section := _SECTION.match(line):
            lines += ["", f"## {section['title']}"]
            has_begun, words = True, []
        elif assignment := _ASSIGNMENT.match(line):
            names.append((assignment["name"], assignment["value"]))
        elif line.startswith("# ") and has_begun:
            words.append(line.removeprefix("# "))
        elif not line and (names or words):
            lines += _tell_setting(words, names)
            words, names = [], []
    return "\n".join(lines) + "\n"


def _tell_setting(words: list[str], names: list[tuple[str, str]]) -> Iterator[str]:
    if names:
        yield ""
        yield "### " + ", ".join(f"`{name}`" for name, _ in names)
    yield ""
    yield from words
    facts = [fact for name, shown in names if (fact := _tell_default(name, shown, len(names)))]
    if facts:
        yield ""
        yield from facts


def _tell_default(name: str, shown: str, count: int) -> str | None:
    field = Settings.model_fields.get(name.lower())
    prefix = f"`{name}`: " if count > 1 else ""
    if field is None:
        return f"- {prefix}read by `docker-compose.yml`; shown there: `{shown}`" if shown else None
    default = field.get_default(call_default_factory=False)
    if isinstance(default, SecretStr) or default in (None, "", (), {}):
        example = shown or ", ".join(str(one) for one in field.examples or ())
        return f"- {prefix}no default; for example `{example}`" if example else None
    return f"- {prefix}default `{shown or default}`"


def write_api() -> str:
    """Return the page of the API, as the service publishes it at `/openapi.json`."""
    settings = Settings(_env_file=None, **_STAND_INS)
    published = create_app(settings, with_worker=False).openapi()
    lines = ["# The API", "", _API_INTRODUCTION]
    for path, calls in published["paths"].items():
        for method in _METHODS:
            if method in calls:
                lines += _tell_call(method, path, calls[method], published)
    return "\n".join(lines) + "\n"


def _tell_call(
    method: str, path: str, call: Mapping[str, Any], published: Mapping[str, Any]
) -> Iterator[str]:
    yield from ("", f"## `{method.upper()} {path}`", "", call.get("description", "").strip())
    parameters = [
        f"| `{one['name']}` | {one['in']} | {_tell_type(one['schema'], published)} |"
        for one in call.get("parameters", ())
    ]
    body = call.get("requestBody", {}).get("content", {})
    for form, content in body.items():
        fields = _fields_of(content.get("schema", {}), published)
        if not fields:
            parameters.append(f"| the body | `{form}` | |")
        for name, schema in fields.items():
            parameters.append(f"| `{name}` | body | {_tell_type(schema, published)} |")
    if parameters:
        yield from ("", "| given | where | form |", "|---|---|---|", *parameters)
    yield from ("", "| answer | |", "|---|---|")
    for status, answer in sorted(call["responses"].items()):
        name = "any other" if status == "default" else status
        yield f"| {name} | {answer['description']} |"


def _resolved(schema: Mapping[str, Any], published: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return _resolved(
            published["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], published
        )
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return _resolved(choices[0], published) if len(choices) == 1 else schema


def _fields_of(schema: Mapping[str, Any], published: Mapping[str, Any]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = _resolved(schema, published).get("properties", {})
    return fields


def _tell_type(schema: Mapping[str, Any], published: Mapping[str, Any]) -> str:
    form = _resolved(schema, published)
    if "enum" in form:
        return ", ".join(f"`{one}`" for one in form["enum"])
    if form.get("type") == "array":
        return f"list of {_tell_type(form.get('items', {}), published)}"
    limits = [
        text.format(form[key])
        for key, text in (
            ("minimum", "at least {}"),
            ("maximum", "at most {}"),
            ("minLength", "from {} characters"),
            ("maxLength", "up to {} characters"),
        )
        if key in form
    ]
    kind = str(form.get("format") or form.get("type") or "any")
    return ", ".join([kind, *limits])


_INTRODUCTION = (
    "Read from the environment, else from a file `.env` in the working directory "
    "(`.env.example` is one to copy). A wrong value stops the start with one line that "
    "names the setting and shows a right one. `DATABASE_URL` and every secret may also come from a "
    "file, as container platforms mount them: `OPERATOR_TOKEN_FILE=/run/secrets/operator_token`."
)
_API_INTRODUCTION = (
    "What the service publishes at `/openapi.json`. Calls under `/api/` need the header "
    "`Authorization: Bearer` with the value of `OPERATOR_TOKEN`. Every refusal says what is wrong "
    "and what would be right."
)
PAGES = {"settings.md": write_settings, "api.md": write_api, "licences.md": write_licences}


def main() -> None:
    """Write the pages."""
    for name, write in PAGES.items():
        (ROOT / "docs" / name).write_text(write(), "utf-8")


if __name__ == "__main__":
    main()
