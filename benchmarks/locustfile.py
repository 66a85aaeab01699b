"""A mixed clinic day for Locust: desks that search, open charts, look for free times and book.

`locust -f benchmarks/locustfile.py --host http://127.0.0.1:5000`, with `CLINIC_USER` and `CLINIC_PASSWORD` of a
receptionist on a server that holds patients and doctors.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from locust import HttpUser, between, task

API = "/api/v1"
WORDS = ("smith", "garc", "mary", "john", "ander", "lee", "hart", "201")


class Desk(HttpUser):
    """A receptionist's day: many look-ups, some charts, a booking now and then."""

    wait_time = between(0.5, 3)

    def on_start(self) -> None:
        """Sign in, and learn which patients and doctors there are."""
        self._sign_in()
        self.patients = [one["id"] for one in self._get("/patients?per_page=100", "/patients")]
        self.doctors = [one["id"] for one in self._get("/doctors?per_page=100", "/doctors")]

    @task(10)
    def search(self) -> None:
        """Look for somebody who stands at the desk."""
        self._get(f"/patients/search?q={random.choice(WORDS)}", "/patients/search")

    @task(10)
    def open_patient(self) -> None:
        """Open a patient."""
        if self.patients:
            self._get(f"/patients/{random.choice(self.patients)}", "/patients/{id}")

    @task(3)
    def page(self) -> None:
        """Leaf through the list."""
        self._get(f"/patients?per_page=50&page={random.randint(1, 5)}", "/patients")

    @task(2)
    def queue(self) -> None:
        """Look at the board of today."""
        self._get("/appointments/queue", "/appointments/queue")

    @task(4)
    def book(self) -> None:
        """Find a free time of a doctor and book it; that somebody was quicker is no failure."""
        if not (self.doctors and self.patients):
            return
        doctor = random.choice(self.doctors)
        day = datetime.now(UTC).date() + timedelta(days=random.randint(1, 60))
        where = f"/doctors/{doctor}/availability/slots?from={day}&to={day}"
        free = self._get(where, "/doctors/{id}/availability/slots")
        if not free:
            return
        visit = {"doctor_id": doctor, "starts_at": random.choice(free)["starts_at"]}
        body = {**visit, "patient_id": random.choice(self.patients)}
        with self.client.post(f"{API}/appointments", json=body, catch_response=True) as answer:
            if answer.status_code == 409:
                answer.success()

    def _get(self, path: str, name: str) -> list[dict[str, Any]]:
        answer = self.client.get(API + path, name=name)
        if answer.status_code == 401:
            self._sign_in()
        return answer.json()["data"] if answer.ok else []

    def _sign_in(self) -> None:
        body = {"identifier": os.environ["CLINIC_USER"], "password": os.environ["CLINIC_PASSWORD"]}
        token = self.client.post(f"{API}/auth/login", json=body).json()["data"]["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"
