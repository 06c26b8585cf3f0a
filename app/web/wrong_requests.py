"""How a request that cannot be right is answered: what is wrong, and what would be right."""

from collections.abc import Iterator
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Route


async def answer_wrong_request(request: Request, error: Exception) -> JSONResponse:
    """Name the part of a request that cannot be right; what was sent is never sent back."""
    assert isinstance(error, RequestValidationError)
    form = _form_of(request)
    told = [one for each in error.errors() for one in _tell(each, form)]
    return JSONResponse({"detail": told}, status_code=422)


async def answer_wrong_method(request: Request, error: Exception) -> JSONResponse:
    """Name every method of the path, also where each has a route of its own."""
    assert isinstance(error, HTTPException)
    routes = [one for one in request.app.routes if isinstance(one, Route)]
    fitting = [one for one in routes if one.matches(request.scope)[0] is not Match.NONE]
    methods = sorted({method for one in fitting for method in one.methods or ()})
    headers = {**(error.headers or {}), "Allow": ", ".join(methods)}
    return JSONResponse({"detail": error.detail}, status_code=405, headers=headers)


def _form_of(request: Request) -> type[BaseModel] | None:
    """Return what the body must look like, where the route that was asked says so."""
    route = request.scope.get("route")
    field = route.body_field if isinstance(route, APIRoute) else None
    form = field.field_info.annotation if field is not None else None
    return form if isinstance(form, type) and issubclass(form, BaseModel) else None


def _tell(error: dict[str, Any], form: type[BaseModel] | None) -> Iterator[dict[str, Any]]:
    """Yield what is told of one error: a body that is missing lacks each of its members."""
    place, words = list(error["loc"]), error["msg"]
    if error["type"] != "missing" or form is None or place[0] != "body" or len(place) > 2:
        yield {"loc": place, "msg": words}
        return
    needed = [name for name, field in form.model_fields.items() if field.is_required()]
    for name in place[1:2] or needed or [""]:
        field = form.model_fields.get(name)
        said = f"is missing: {field.description}" if field and field.description else words
        yield {"loc": ["body", name] if name else place, "msg": said}
