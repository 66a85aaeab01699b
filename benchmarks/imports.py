"""Measure `flask import fhir` on both databases: resources per second and peak memory, each import in its own process.

`python -m benchmarks.imports [PATH]`: without a path the archive of real input beside the checkout, or as many bundles
made up here. PostgreSQL is the one that the tests start, which waits for no disk; SQLite waits at each commit.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid
from io import BytesIO
from pathlib import Path

from sqlalchemy import make_url

from tests.legs import ROOT, SETTINGS, migrate
from tests.servers import Servers, Services

GOAL = 300
AMBITION = 2000


def main(arguments: list[str]) -> int:
    """Print one line for each database and copy of the input; return 1 below the goal."""
    servers = Servers()
    services = servers.start()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(arguments[0]) if arguments else find_input(Path(scratch))
            rates = [measure(name, uri, path, Path(scratch) / name) for name, uri in databases(services, Path(scratch))]
    finally:
        servers.stop()
    return 0 if all(rate >= GOAL for rate in rates) else 1


def find_input(scratch: Path) -> Path:
    """Return the real input, or bundles made up here where it is missing."""
    folder = Path(os.environ.get("POLYCLINIC_DATA") or ROOT.parent / "shared" / "data")
    path = folder / "synthea_r4_123_patients.tar.xz"
    return path if path.exists() else make_input(scratch / "made_up.tar.gz", bundles=120)


def make_input(path: Path, *, bundles: int) -> Path:
    """Write an archive of bundles: a patient, 7 conditions and 290 observations each."""
    with tarfile.open(path, "w:gz") as archive:
        for number in range(bundles):
            content = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": _entries(number)}).encode()
            info = tarfile.TarInfo(f"{number}.json")
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    return path


def _entries(number: int) -> list[dict[str, object]]:
    def new_id(offset: int) -> str:
        return str(uuid.UUID(int=number * 1000 + offset, version=4))

    subject = {"reference": f"urn:uuid:{new_id(0)}"}
    name = [{"family": f"Bench{number}", "given": ["Ana"]}]
    found: list[dict[str, object]] = [
        {"resourceType": "Patient", "id": new_id(0), "name": name, "gender": "female", "birthDate": "1980-02-03"}
    ]
    for offset in range(1, 8):
        code = {"text": f"Finding {offset}"}
        found.append({"resourceType": "Condition", "id": new_id(offset), "code": code, "subject": subject})
    for offset in range(8, 298):
        quantity = {"value": offset / 4, "unit": "mg/dL", "system": "http://unitsofmeasure.org"}
        found.append(
            {"resourceType": "Observation", "id": new_id(offset), "subject": subject, "valueQuantity": quantity}
        )
    return [{"resource": one} for one in found]


def databases(services: Services, scratch: Path) -> list[tuple[str, str]]:
    """Return name and URI of an empty, migrated database of each kind that can be had."""
    found = [("sqlite", f"sqlite:///{scratch / 'bench.db'}")]
    if services.postgres:
        uri = make_url(services.postgres).set(database=f"{services.run_name}_bench")
        subprocess.run(
            [sys.executable, "-c", _CREATE, services.postgres_admin, uri.database or "", uri.username or ""],
            check=True,
            cwd=ROOT,
        )
        found.append(("postgres", uri.render_as_string(hide_password=False)))
    else:
        print(f"postgres  NOT RUN: {services.postgres_label}")
    for name, uri_text in found:
        migrate(_environ(uri_text, scratch / name))
    return found


_CREATE = """
import sys, psycopg
from tests.servers import dsn
with psycopg.connect(dsn(sys.argv[1]), autocommit=True) as connection:
    connection.execute(f'CREATE DATABASE "{sys.argv[2]}" OWNER "{sys.argv[3]}"')
"""


def _environ(uri: str, instance: Path) -> dict[str, str]:
    return SETTINGS | {"DATABASE_URI": uri, "INSTANCE_DIR": str(instance), "PATH": os.environ.get("PATH", os.defpath)}


def measure(name: str, uri: str, path: Path, instance: Path) -> float:
    """Import twice, print both, and return the resources per second of the first."""
    first = 0.0
    for turn in ("first", "again"):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _IMPORT, str(path)],
            cwd=ROOT,
            env=_environ(uri, instance),
            check=True,
            capture_output=True,
            text=True,
        )
        elapsed = time.perf_counter() - began
        peak = int(re.findall(r"PEAK (\d+)", done.stdout)[0])
        resources = int(re.findall(r"RESOURCES (\d+)", done.stdout)[0])
        rate = resources / elapsed
        first = first or rate
        print(
            f"{name:<9} {turn}  {resources:,} resources in {elapsed:.1f} s = {rate:,.0f}/s"
            f" (goal {GOAL}, ambition {AMBITION:,}), peak {peak / 1024:.0f} MiB",
            flush=True,
        )
    return first


# The whole process is measured, its start included.
_IMPORT = """
import resource, sys
from pathlib import Path
from server import create_app
from server.modules.fhir.inputs import find_inputs
from server.modules.fhir.run import import_fhir
from server.modules.fhir.tally import Tally
with create_app().app_context():
    tally = Tally()
    import_fhir(find_inputs([Path(sys.argv[1])], None), tally)
assert not tally.unreadable, tally.unreadable
print("RESOURCES", sum(tally.outcomes.values()))
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
