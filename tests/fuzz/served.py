"""The web part behind a real server on a real socket, in a thread, for clients that wait."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import uvicorn

import app.main as main_module
from app.main import create_app
from app.web.bounded_http import BoundedHttpProtocol
from tests.integration.web import web_settings


@contextmanager
def served_web(database_url: str) -> Iterator[int]:
    """Serve the web part on a free port of this machine and return the port."""
    app = create_app(web_settings(database_url), with_worker=False)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=BoundedHttpProtocol, log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    with patch.object(main_module, "gc"):  # a process full of tests takes long to collect
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
