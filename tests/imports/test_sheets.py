"""Patients come in and go out as CSV: each line once, bad lines named, nothing that a spreadsheet would run."""

import csv
import io
import json

import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.patients.models import Patient
from server.modules.patients.sheets import COLUMNS, guard, unguard
from tests.factories.database import query
from tests.fhir.tools import content, rows

HEADER = "first_name,last_name,date_of_birth,sex,phone,address.city,address_country"


def run(app, *args):
    return app.test_cli_runner().invoke(args=[*map(str, args)])


def sheet(tmp_path, *lines, header=HEADER, name="patients.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes("\r\n".join([header, *lines, ""]).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_lines_become_patients_and_twice_changes_nothing(app, tmp_path, encoding):
    path = sheet(
        tmp_path,
        "Zoë2,O'Brien-Núñez,1980-02-03,female,(617) 555-0100,Boston,US",
        '王,"李, 小",1990-01-01,other,,,',
        encoding=encoding,
    )
    result = run(app, "import", "patients", path)
    assert (result.exit_code, result.stdout) == (0, "Patients: 2 added\n")
    first, second = sorted(rows(app, "patients"), key=lambda row: row["number"])
    assert (first["first_name"], first["phone"], first["address_city"]) == ("Zoë2", "+16175550100", "Boston")
    assert (second["last_name"], second["phone"], second["version"]) == ("李, 小", None, 1)
    before = content(app)
    assert run(app, "import", "patients", path).stdout == "Patients: 2 unchanged\n"
    assert content(app) == before


def test_bad_lines_are_listed_by_number_and_field_and_the_others_come_in(app, tmp_path):
    path = sheet(
        tmp_path,
        "Ana,Good,1980-02-03,female,,,",
        '"Two\nlines",Bad,1980-02-03,female,,,',
        "Bo,Bad,1980-02-30,robot,abc,,",
        "Cy,Short,1980-02-03",
        ",,,,,,",
        "Di,Good,1980-02-03,male,,,",
    )
    report = tmp_path / "report.txt"
    result = run(app, "import", "patients", path, "--report", report)
    assert result.exit_code == 1
    assert sorted(row["first_name"] for row in rows(app, "patients")) == ["Ana", "Di"]
    listed = [tuple(line.split("\t")[:2]) for line in report.read_text().splitlines()]
    assert listed == [
        ("line 3", "first_name"),
        ("line 5", "date_of_birth"),
        ("line 5", "phone"),
        ("line 5", "sex"),
        ("line 6", "(line)"),
    ]
    assert result.stdout == "Patients: 3 not taken in, 2 added\n"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("first_name,frist_name", "unknown: 'frist_name'"),
        ("first_name,first_name", "repeated"),
        ("", "missing"),
        ("confirm_new", "unknown"),
    ],
)
def test_a_header_that_names_no_fields_of_ours_is_refused(app, tmp_path, header, why):
    path = tmp_path / "patients.csv"
    path.write_text(f"{header}\n" if header else "")
    result = run(app, "import", "patients", path)
    assert result.exit_code == 1
    assert why in result.stderr


def test_another_encoding_is_refused(app, tmp_path):
    result = run(app, "import", "patients", sheet(tmp_path, "Zoë,X,1980-02-03,female,,,", encoding="latin-1"))
    assert result.exit_code == 1
    assert "not UTF-8" in result.stderr


def test_a_number_from_elsewhere_is_the_key_and_is_kept(app, tmp_path):
    header = "external_id,first_name,last_name,date_of_birth,sex"
    run(app, "import", "patients", sheet(tmp_path, "E-1,Ana,Old,1980-02-03,female", header=header))
    report = tmp_path / "report.txt"
    path = sheet(tmp_path, "E-1,Ana,New,1980-02-03,female", "E-2,Ana,Old,1980-02-03,female", header=header)
    result = run(app, "import", "patients", path, "--report", report)
    # Nothing here is overwritten by a sheet: the difference is for people to judge.
    assert (result.exit_code, result.stdout) == (0, "Patients: 1 differs, 1 added\n")
    assert report.read_text().startswith("line 2\tlast_name\t")
    first, second = sorted(rows(app, "patients"), key=lambda row: row["number"])
    assert (first["last_name"], first["identifiers"]) == ("Old", [{"system": "external_id", "value": "E-1"}])
    assert second["identifiers"] == [{"system": "external_id", "value": "E-2"}]


def test_a_dry_run_writes_nothing(app, tmp_path):
    before = content(app)
    result = run(app, "import", "patients", sheet(tmp_path, "Ana,Good,1980-02-03,female,,,"), "--dry-run")
    assert "1 added" in result.stdout
    assert content(app) == before
    assert query(app, "SELECT count(*) AS n FROM audit_logs") == [{"n": 0}]


def test_what_goes_out_comes_in_again_the_same(app, tmp_path, leg, make_app):
    path = sheet(
        tmp_path,
        "Ana,'=1+1,1980-02-03,female,+16175550100,Boston,US",
        "@Bo,-Dash,1990-01-01,male,,,",
        "محمد,O'Brien,1990-01-01,male,,,",
    )
    assert run(app, "import", "patients", path).exit_code == 0
    with app.app_context(), command("test"):
        for patient in db.session.query(Patient):
            patient.notes = '=HYPERLINK("http://evil.example")\n"quoted", and\ttabbed'
            patient.status, patient.deceased_on = "deceased", patient.date_of_birth
    out = tmp_path / "out.csv"
    result = run(app, "export", "patients", "--output", out)
    assert result.exit_code == 0
    lines = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"), newline="")))
    assert [line["mrn"] for line in lines] == ["MRN-000001", "MRN-000002", "MRN-000003"]
    assert {cell[0] for line in lines for cell in line.values() if cell}.isdisjoint("=+-@\t\r")
    assert lines[0]["phone"] == "'+16175550100"
    assert out.stat().st_mode & 0o077 == 0
    before = content(app)
    assert run(app, "import", "patients", out).stdout == "Patients: 3 unchanged\n"
    assert content(app) == before
    empty = make_app(DATABASE_URI=leg.empty_database())
    assert run(empty, "db", "upgrade", "-d", "migrations").exit_code == 0
    assert run(empty, "import", "patients", out).stdout == "Patients: 3 added\n"
    again = tmp_path / "again.csv"
    run(empty, "export", "patients", "--output", again)
    assert again.read_bytes() == out.read_bytes()


def test_an_export_goes_to_standard_output_and_on_record(app, tmp_path):
    run(app, "import", "patients", sheet(tmp_path, "Ana,Good,1980-02-03,female,,,"))
    result = run(app, "export", "patients")
    assert result.stdout.startswith(",".join(COLUMNS))
    found = query(app, "SELECT object_count FROM audit_logs WHERE action = 'patients.export'")
    assert found == [{"object_count": 1}]


def test_identifiers_and_a_death_come_in(app, tmp_path):
    numbers = json.dumps([{"system": "urn:x", "value": "17", "type": "MR"}]).replace('"', '""')
    header = "name,gender,date_of_birth,status,deceased_on,identifiers"
    path = sheet(
        tmp_path,
        f'Mary Ann Poe,female,1950-01-01,deceased,2020-05-06,"{numbers}"',
        "Mary Ann Poe,female,1950-01-01,active,2020-05-06,",
        "Mary Ann Poe,female,1950-01-01,active,,17",
        header=header,
    )
    assert run(app, "import", "patients", path).exit_code == 1
    (found,) = rows(app, "patients")
    assert (found["first_name"], found["last_name"], found["status"]) == ("Mary Ann", "Poe", "deceased")
    assert found["identifiers"] == [{"system": "urn:x", "value": "17", "type": "MR"}]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''=1", "'plain", "plain", "", "'"])
def test_a_guarded_cell_comes_back(cell):
    assert unguard(guard(cell)) == cell
    assert guard(cell)[:1] not in tuple("=+-@\t\r")
