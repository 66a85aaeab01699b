"""What the whole of a chart costs: summary and timeline of the largest imported chart, to one patient by id."""

from __future__ import annotations

import subprocess
import sys
import uuid
from statistics import median

from benchmarks.cases import API
from benchmarks.clinic import Clinic
from benchmarks.imports import find_input
from benchmarks.plans import plans
from benchmarks.scale import EACH, gets, row, take_turns
from benchmarks.stats import Goal, ratios
from server import create_app
from server.config import load_settings
from tests.factories.people import relate, signed_in
from tests.legs import ROOT, forget

SUMMARY, TIMELINE = Goal(8, 4), Goal(8, 4)

_ENTRIES = ("visits", "conditions", "allergies", "procedures", "immunizations", "vital_sets", "vital_measurements")
_ALL = " UNION ALL ".join(f"SELECT patient_id FROM {name}" for name in _ENTRIES)  # noqa: S608 -- our own names
_LARGEST = f"SELECT patient_id, count(*) FROM ({_ALL}) AS entries GROUP BY 1 ORDER BY 2 DESC LIMIT 1"  # noqa: S608 -- as above


def measure(clinic: Clinic) -> list[str]:
    """Import the charts, and return the table of the largest."""
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "import", "fhir", str(find_input(clinic.folder))],
        cwd=ROOT,
        env=clinic.environ | {"LOG_LEVEL": "ERROR"},
        check=True,
        capture_output=True,
    )
    with clinic.connect() as connection:
        connection.execute("VACUUM ANALYZE")
        found = connection.execute(_LARGEST).fetchone()
    if found is None:
        raise RuntimeError("no chart was imported")
    patient_id, entries = found
    clinic.tokens = [_token_of_doctor(clinic, patient_id)]
    one = f"{API}/patients/{patient_id}"
    paths = {"one": one, "summary": f"{one}/summary", "timeline": f"{one}/timeline"}
    with clinic.serving("ours", workers=1) as servers:
        port = servers["ours"].port
        times = take_turns({name: (port, gets(clinic, [path] * EACH)) for name, path in paths.items()})
    lines = [f"The largest chart of {clinic.patients:,} patients and the imported ones: {entries:,} entries; ÷ get one"]
    for name, goal in (("summary", SUMMARY), ("timeline", TIMELINE)):
        both = " / ".join(f"{median(times[one]) * 1000:.2f}" for one in (name, "one"))
        lines.append(row(name, ratios(times[name], times["one"]), goal, both))
    return [*lines, *plans(clinic, {"timeline": paths["timeline"]})]


def _token_of_doctor(clinic: Clinic, patient_id: uuid.UUID) -> str:
    app = create_app(load_settings({**clinic.environ, "LOG_LEVEL": "ERROR"}))
    doctor = signed_in(app, "doctor")
    relate(app, patient_id, doctor.user.id)
    forget(app)
    return doctor.tokens.access
