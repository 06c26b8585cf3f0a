"""Files that every page uses, held in memory under a name that changes with what is in them."""

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_KINDS = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


class Assets:
    """The console's style and icon."""

    def __init__(self) -> None:
        """Read them all."""
        folder = files("app.web.console") / "static"
        self._bodies = {
            one.name: one.read_bytes() for one in folder.iterdir() if _kind(one.name) in _KINDS
        }
        self._marks = {
            name: hashlib.sha256(body).hexdigest()[:12] for name, body in self._bodies.items()
        }

    def path_of(self, name: str) -> str:
        """Return where a page finds the file as it is now."""
        return f"/static/{self._marks[name]}/{name}"

    async def serve(self, request: Request) -> Response:
        """Answer with a file; one of another version is served too, but not to be kept."""
        name = request.path_params["name"]
        if name not in self._bodies:
            return Response("not here\n", 404, media_type="text/plain")
        is_current = request.path_params["mark"] == self._marks[name]
        headers = {"Cache-Control": FOR_EVER if is_current else "no-store"}
        return Response(self._bodies[name], headers=headers, media_type=_KINDS[_kind(name)])


def _kind(name: str) -> str:
    return name.rpartition(".")[2]
