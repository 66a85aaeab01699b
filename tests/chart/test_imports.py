"""What names a merged patient from elsewhere finds who they are now."""

import io
import zipfile

from tests.factories.people import signed_in
from tests.fhir.tools import allergy, bundle, condition, patient, rows, run_import
from tests.patients.support import path


def test_an_import_neither_brings_back_nor_doubles_who_was_merged(app, admin, tmp_path):
    one, two = patient(1), patient(2)
    first = tmp_path / "a.json"
    first.write_bytes(bundle(one, two, condition(1, two["id"]), allergy(1, two["id"], "Latex")))
    assert run_import(app, first).exit_code == 0
    answer = admin.post(path(one, "merge"), json={"duplicate_id": two["id"]})
    assert answer.status_code == 200, answer.text
    assert run_import(app, first).exit_code == 0
    more = tmp_path / "b.json"
    changed = {**two, "maritalStatus": {"text": "Married"}, "gender": "other"}
    more.write_bytes(
        bundle(changed, condition(2, two["id"]), allergy(2, two["id"], "Latex"), allergy(3, two["id"], "Nickel"))
    )
    result = run_import(app, more)
    assert result.exit_code == 0, result.output
    assert {str(row["patient_id"]) for table in ("conditions", "allergies") for row in rows(app, table)} == {one["id"]}
    assert len(rows(app, "conditions")) == 2
    assert sorted(row["substance"] for row in rows(app, "allergies")) == ["Latex", "Nickel"]
    assert sorted(row["status"] for row in rows(app, "patients")) == ["active", "merged"]


def test_the_archive_holds_what_was_received_as_it_came(app, admin, tmp_path):
    one, two = patient(1), patient(2)
    received = condition(1, two["id"])
    file = tmp_path / "a.json"
    file.write_bytes(bundle(one, two, received, condition(2, one["id"])))
    run_import(app, file)
    assert admin.post(path(one, "merge"), json={"duplicate_id": two["id"]}).status_code == 200
    assert admin.post(path(one, "break-glass"), json={"reason": "A court asks for the chart."}).status_code == 201
    answer = admin.get(path(one, "export"), query_string={"format": "zip"})
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files = [archive.read(name) for name in archive.namelist() if name.startswith("fhir/")]
    assert len(files) == 4
    assert any(received["id"].encode() in file for file in files)
    assert signed_in(app, "doctor").get(path(two)).status_code == 404
