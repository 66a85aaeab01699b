"""Servers that are forked from one process live by themselves and end with it."""

import os
import socket
import time
from pathlib import Path

import requests

from tests.legs import Leg
from tests.nursery import Nursery

ORDER = ["wsgi:app", "--config", "deploy/gunicorn.conf.py", "--no-control-socket"]
PATIENCE = 60.0


def test_a_server_has_a_session_of_its_own_and_ends_with_who_asked_for_it(leg: Leg, tmp_path: Path) -> None:
    nursery = Nursery()
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "log").open("wb") as log:
        server = nursery.spawn(ORDER, leg.environ(), listener=listener.fileno(), log=log.fileno())

    end = time.monotonic() + PATIENCE
    while b"Listening at" not in (tmp_path / "log").read_bytes() and time.monotonic() < end:
        time.sleep(0.01)
    assert os.getsid(server) == server

    nursery.close()
    while Path(f"/proc/{server}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not Path(f"/proc/{server}").exists()


def test_a_forked_server_answers_what_one_would_that_imported_everything_itself(app, live_server) -> None:
    own = app.test_client().get("/openapi.json").json
    forked = requests.get(f"{live_server.base_url}/openapi.json", timeout=60).json()
    for part in ("paths", "components"):
        assert forked[part] == own[part]
