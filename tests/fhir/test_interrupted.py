"""An import that is killed in the middle is finished by running it again; nothing comes twice."""

import os
import signal
import subprocess
import sys
import time

from tests.factories.database import query
from tests.fhir.tools import (
    allergy,
    archive,
    at,
    bundle,
    condition,
    content,
    encounter,
    immunization,
    ndjson,
    patient,
    pressure,
    procedure,
    rows,
    run_import,
)
from tests.legs import ROOT
from tests.servers import die_with_parent

FILES = 150
AT_VISITS = ("visits", "vital_sets", "procedures", "immunizations")


def start_import(leg, path):
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "import", "fhir", str(path)],
        cwd=ROOT,
        env=leg.environ() | {"PATH": os.environ.get("PATH", os.defpath)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 -- one prctl call
    )


def kill_when(process, app, is_far_enough):
    end = time.monotonic() + 60
    while process.poll() is None and not is_far_enough(query(app, "SELECT count(*) AS n FROM patients")[0]["n"]):
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def test_an_archive_goes_on_where_it_was_killed(app, leg, tmp_path):
    files = {}
    for number in range(FILES):
        one = patient(number)
        seen = encounter(number, one["id"])
        chart = [condition(number * 10 + n, one["id"], encounter=at(seen)) for n in range(5)]
        chart += [kind(number, one["id"], encounter=at(seen)) for kind in (procedure, immunization)]
        chart.append(pressure(number, one["id"], 142, 88, encounter=at(seen)))
        files[f"{number:04}.json"] = bundle(one, *chart, allergy(number, one["id"], "Latex"), seen)
    path = archive(tmp_path / "all.tar.gz", files)
    assert kill_when(start_import(leg, path), app, lambda n: n > 20) == -signal.SIGKILL
    leg.settle()
    done = len(rows(app, "patients"))
    assert 20 < done < FILES
    assert len(rows(app, "conditions")) == done * 5
    assert [len(rows(app, table)) for table in AT_VISITS] == [done] * len(AT_VISITS)
    assert query(app, "SELECT done FROM import_progress") == [{"done": done}]
    result = run_import(app, path)
    assert f"Patient: {FILES - done} added\n" in result.output
    assert len(rows(app, "patients")) == FILES
    assert len(rows(app, "allergies")) == FILES
    assert len(rows(app, "conditions")) == FILES * 5
    assert [len(rows(app, table)) for table in AT_VISITS] == [FILES] * len(AT_VISITS)
    assert len(rows(app, "vital_measurements")) == FILES * 2
    assert sorted(row["number"] for row in rows(app, "visits")) == list(range(1, FILES + 1))
    assert len(rows(app, "fhir_resources")) == FILES * 11
    assert sorted(row["number"] for row in rows(app, "patients")) == list(range(1, FILES + 1))
    before = content(app)
    assert f"Patient: {FILES} unchanged" in run_import(app, path).output
    assert content(app) == before


def test_lines_go_on_at_the_part_that_was_not_committed(app, leg, tmp_path):
    path = tmp_path / "Patient.ndjson"
    path.write_bytes(ndjson(*(patient(number) for number in range(2500))))
    assert kill_when(start_import(leg, path), app, lambda n: n > 0) == -signal.SIGKILL
    leg.settle()
    done = len(rows(app, "patients"))
    assert done < 2500
    assert done % 500 == 0
    assert f"Patient: {2500 - done} added\n" in run_import(app, path).output
    assert len(rows(app, "patients")) == 2500
