"""A key is changed while everybody works: three reloads, and no request fails."""

import threading
import time
from collections.abc import Callable

import jwt
import pytest
import requests

from tests.auth.signing import key, private_pem, public_pem
from tests.factories.people import API, PASSWORD, bearer, make_user
from tests.live import LiveServer

pytestmark = pytest.mark.slow

AT_ONCE = 4
PATIENCE = 30.0


class Worker(threading.Thread):
    """Somebody who is signed in, reads, and renews their tokens now and then."""

    def __init__(self, base: str, email: str) -> None:
        super().__init__(daemon=True)
        self.base, self.done, self.failures, self.names, self.rounds = base, threading.Event(), [], set(), 0
        answer = self._post("login", {"identifier": email, "password": PASSWORD})
        self._keep(answer.json()["data"])

    def _post(self, what, body):
        return requests.post(f"{self.base}/auth/{what}", json=body, timeout=20)

    def _keep(self, data):
        self.access, self.refresh = data["access_token"], data["refresh_token"]
        self.names.add(jwt.get_unverified_header(self.access)["kid"])

    def run(self):
        while not self.done.is_set():
            try:
                self._round()
            except requests.RequestException as error:
                self.failures.append(repr(error))

    def _round(self):
        for _ in range(3):
            answer = requests.get(f"{self.base}/auth/me", headers=bearer(self.access), timeout=20)
            if answer.status_code != 200:
                self.failures.append(answer.text)
        answer = self._post("refresh", {"refresh_token": self.refresh})
        if answer.status_code == 200:
            self._keep(answer.json()["data"])
        else:
            self.failures.append(answer.text)
        self.rounds += 1


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def reload(server, workers):
    """Have the server read its keys again, wait until none of its old processes is left, and let everybody work on."""
    before = set(server.worker_pids)
    server.reload()
    until(lambda: len(server.worker_pids) == server.workers and not before & set(server.worker_pids))
    until(server.answers)
    rounds = {worker: worker.rounds for worker in workers}
    until(lambda: all(worker.rounds > rounds[worker] + 1 for worker in workers))


def test_a_key_is_changed_under_load_without_a_failure(app, leg, tmp_path):
    old, new = (key("rsa", number) for number in (0, 1))
    present, other = tmp_path / "present.pem", tmp_path / "other.pem"
    present.write_bytes(private_pem(old))
    other.write_bytes(public_pem(old))
    names = {"JWT_PRIVATE_KEY_FILE": str(present), "JWT_PREVIOUS_KEY_FILES": str(other)}
    server = LiveServer(leg, JWT_ALGORITHM="RS256", JWT_SECRET_KEY="", **names)
    server.start()
    workers = []
    try:
        base = server.base_url + API
        workers = [Worker(base, make_user(app, "doctor").email) for _ in range(AT_ONCE)]
        forgotten = Worker(base, make_user(app, "doctor").email)
        for worker in workers:
            worker.start()
        # Accept the new key; sign by it and accept the old one; drop the old one.
        for signs, accepted in ((old, new), (new, old), (new, new)):
            present.write_bytes(private_pem(signs))
            other.write_bytes(public_pem(accepted))
            reload(server, workers)
    finally:
        for worker in workers:
            worker.done.set()
        for worker in workers:
            worker.join(PATIENCE)
        if workers:
            by_old = requests.get(f"{base}/auth/me", headers=bearer(forgotten.access), timeout=20)
            renewed = requests.post(f"{base}/auth/refresh", json={"refresh_token": forgotten.refresh}, timeout=20)
            ids = {
                one["kid"]
                for one in requests.get(f"{server.base_url}/.well-known/jwks.json", timeout=20).json()["keys"]
            }
        server.stop()
    assert [failure for worker in workers for failure in worker.failures] == []
    assert all(len(worker.names) == 2 for worker in workers)
    assert (by_old.status_code, renewed.status_code) == (401, 401)
    assert ids == {jwt.get_unverified_header(worker.access)["kid"] for worker in workers}
