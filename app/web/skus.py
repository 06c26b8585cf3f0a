"""The operators' API about SKUs: what single ones are at the warehouse."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from starlette.requests import Request

from app.domain.sku_entries import SkuChange, check_entry, check_note, check_sku
from app.domain.sku_file import read_sku_file
from app.flow.sku_wording import sku_json, tell_changes
from app.store.session import Store
from app.store.sku_rules import change_sku_rules, find_sku_rule, list_sku_rules
from app.web.any_text import ANY_TEXT
from app.web.published import QueryRefusal, Refusal, Responses, answers
from app.web.published_skus import SkuList, SkusChanged, SkuShown, SkuWanted
from app.web.signed import ANONYMOUS, Name

SKU_PATH = f"/skus/{{sku:{ANY_TEXT}}}"
MAX_FILE_BYTES = 4 * 1024 * 1024
NO_ENTRY: Responses = {404: answers(Refusal, "There is no entry of this SKU.")}
WRONG: Responses = {422: answers(QueryRefusal, "What is wrong, and what would be right.")}
CHANGED: Responses = {200: answers(SkusChanged, "What changed, and how many orders woke.")}
Sku = Annotated[str, Path(min_length=1, max_length=200)]


def skus_router(store: Store, aliases: Mapping[str, str], on_wake: Callable[[], None]) -> APIRouter:
    """Return the routes about SKUs; *aliases* are those of the settings."""
    router = APIRouter()

    async def change(changes: Sequence[SkuChange], by: str, *, rehearses: bool = False) -> Any:
        changed, woken = await change_sku_rules(
            store, changes, by=f"{by} (API)", aliases=aliases, is_rehearsal=rehearses
        )
        if woken:
            on_wake()
        return {
            "changes": [str(one) for one in changed],
            "woken": woken,
            "message": tell_changes(changed, woken, is_rehearsal=rehearses),
        }

    @router.get(
        "/skus", response_model=None, responses={200: answers(SkuList, "Every entry, by SKU.")}
    )
    async def list_skus() -> dict[str, Any]:
        """List what is said of single SKUs."""
        return {"skus": [sku_json(row) for row in await list_sku_rules(store)]}

    @router.get(
        SKU_PATH,
        response_model=None,
        responses={200: answers(SkuShown, "The entry."), **NO_ENTRY, **WRONG},
    )
    async def show_sku(sku: Sku) -> dict[str, Any]:
        """Show what is said of one SKU."""
        row = await find_sku_rule(store, _readable(sku))
        if row is None:
            raise HTTPException(404, "there is no entry of this SKU")
        return sku_json(row)

    @router.put(
        SKU_PATH,
        response_model=None,
        responses={
            **CHANGED,
            **WRONG,
            400: answers(QueryRefusal, "The body is no JSON."),
        },
    )
    async def set_sku(sku: Sku, wanted: SkuWanted) -> Any:
        """Say what a SKU is, in place of what was said before."""
        return await change([_wanted_change(sku, wanted)], wanted.by)

    @router.delete(SKU_PATH, response_model=None, responses={**CHANGED, **NO_ENTRY, **WRONG})
    async def remove_sku(sku: Sku, by: Annotated[Name, Query()] = ANONYMOUS) -> Any:
        """Take the entry of a SKU back: the settings hold again."""
        if await find_sku_rule(store, _readable(sku)) is None:
            raise HTTPException(404, "there is no entry of this SKU")
        return await change([SkuChange(_readable(sku), None)], by)

    @router.post(
        "/skus/import",
        response_model=None,
        responses={
            **CHANGED,
            **WRONG,
            413: answers(Refusal, "The file is too long."),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"text/csv": {"schema": {"type": "string"}}},
            }
        },
    )
    async def import_skus(
        request: Request, dry_run: bool = False, by: Annotated[Name, Query()] = ANONYMOUS
    ) -> Any:
        """Take over every row of a CSV file, or none if any is wrong."""
        read = read_sku_file(await _read_body(request))
        if read.problems:
            told = [
                {"line": one.line, "column": one.column, "problem": one.problem}
                for one in read.problems
            ]
            raise HTTPException(422, told)
        return await change(read.changes, by, rehearses=dry_run)

    return router


def _wanted_change(sku: str, wanted: SkuWanted) -> SkuChange:
    """Return the change a body asks for, or refuse with what would be right."""
    try:
        entry = check_entry(wanted.warehouse_sku, wanted.pack_mode)
        change = SkuChange(check_sku(sku), entry, check_note(wanted.note))
    except ValueError as problem:
        raise HTTPException(422, str(problem)) from None
    if entry == check_entry(None, None):
        raise HTTPException(422, "the entry says nothing: give warehouse_sku, pack_mode or both")
    return change


def _readable(sku: str) -> str:
    """Return a SKU to look for; what no SKU can be finds none."""
    try:
        return check_sku(sku)
    except ValueError:
        raise HTTPException(404, "there is no entry of this SKU") from None


async def _read_body(request: Request) -> bytes:
    """Read a body, but no further than a file may be long."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FILE_BYTES:
            raise HTTPException(413, f"the file is longer than {MAX_FILE_BYTES} bytes")
    return bytes(body)
