"""Files that people send: kept outside the web root, judged by their content, scanned before anybody fetches them."""

from flask import Flask

from server.modules.files import models as _tables, tasks  # noqa: F401 - tables are known


def init_module(app: Flask) -> None:
    """Nothing is reached by itself: whoever refers to a file decides who may fetch it."""
    tasks.install(app)
