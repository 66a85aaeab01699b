"""`flask import cdsi` and `flask vaccines measure`."""

import shutil
from pathlib import Path

import pytest

from tests.factories.database import query
from tests.factories.people import signed_in
from tests.patients.support import path as of
from tests.vaccines.support import child_of, record, verdict

EDITION = Path(__file__).parent / "data" / "edition-9.1"
RULES, CASES = "cdsi_supporting_data_v4.10_xml.tar.gz", "cdsi_test_cases_v4.8_sample.csv"
HEADER = ["CDC_Test_ID", "DOB", "gender", "Series_Status", "Earliest_Date", "Recommended_Date", "Past_Due_Date"]
HEADER += ["Vaccine_Group", "Assessment_Date"]
HEADER += [f"{name}_{n}" for n in range(1, 8) for name in ("Date_Administered", "CVX", "Evaluation_Status")]


def run(app, *args):
    return app.test_cli_runner().invoke(args=[*map(str, args)])


def in_force(app):
    return query(app, "SELECT name, edition, sha256, is_current FROM schedule_rules ORDER BY loaded_at, id")


@pytest.fixture
def other_edition(tmp_path):
    """Give the same schedule with another minimum age, as edition 9.2."""
    folder = tmp_path / "edition-9.2"
    shutil.copytree(EDITION, folder)
    antigen = folder / "AntigenSupportingData- Testpox.xml"
    antigen.write_text(antigen.read_text().replace("6 weeks", "26 weeks"))
    return folder


def test_an_edition_takes_the_place_of_the_one_before(app, other_edition):
    first = run(app, "import", "cdsi", EDITION)
    assert first.exit_code == 0, first.output
    assert "CDC CDSi 9.1 is in force: 1 series, 1 groups." in first.output
    assert "9.2 is in force" in run(app, "import", "cdsi", other_edition).output
    assert [(one["edition"], bool(one["is_current"])) for one in in_force(app)] == [("9.1", False), ("9.2", True)]


def test_the_same_edition_again_changes_nothing(app):
    run(app, "import", "cdsi", EDITION)
    before = in_force(app)
    again = run(app, "import", "cdsi", EDITION)
    assert again.exit_code == 0
    assert "9.1 was in force already" in again.output
    assert in_force(app) == before


def test_a_wrong_file_leaves_what_was_in_force(app, tmp_path):
    run(app, "import", "cdsi", EDITION)
    before = in_force(app)
    wrong = tmp_path / "patients.csv"
    wrong.write_text("name\n")
    refused = run(app, "import", "cdsi", wrong)
    assert refused.exit_code == 1
    assert refused.output == "Error: patients.csv is no archive (.tar, .tar.gz, .zip) that can be read, nor a folder.\n"
    assert in_force(app) == before


def test_doses_are_judged_anew_and_what_is_due_follows(clock, app, other_edition):
    doctor = signed_in(app, "doctor")
    child = child_of(doctor)
    dose = record(doctor, child, on="2026-02-01")
    assert verdict(doctor, dose) == ("valid", None)
    assert "Doses judged otherwise than before: 0" in run(app, "import", "cdsi", EDITION).output
    groups = [one["vaccine_group"] for one in doctor.get(of(child, "vaccines/due")).json["data"]]
    assert groups == ["Testpox"]
    assert "Doses judged otherwise than before: 1" in run(app, "import", "cdsi", other_edition).output
    assert verdict(doctor, dose) == ("not_valid", "too_soon")


def test_the_audit_log_has_the_edition(app):
    run(app, "import", "cdsi", EDITION)
    (row,) = query(app, "SELECT * FROM audit_logs WHERE action = 'vaccines.import_schedule'")
    assert "9.1" in str(row["values_after"])


def write_cases(folder, *cases):
    """Write a file of cases with the columns that are read."""
    lines = [",".join(HEADER)]
    lines += [",".join(str(case.get(name, "")) for name in HEADER) for case in cases]
    path = folder / "cases.csv"
    path.write_text("\n".join(lines))
    return path


NEWBORN = {
    "CDC_Test_ID": "1",
    "DOB": "05/10/2021",
    "gender": "F",
    "Series_Status": "Not complete",
    "Earliest_Date": "06/21/2021",
    "Recommended_Date": "07/10/2021",
    "Past_Due_Date": "09/06/2021",
    "Vaccine_Group": "POL",
    "Assessment_Date": "05/10/2021",
}
EARLY = {
    **NEWBORN,
    "CDC_Test_ID": "2",
    "Assessment_Date": "06/16/2021",
    "Date_Administered_1": "06/16/2021",
    "CVX_1": "10",
    "Evaluation_Status_1": "Not Valid",
    "Earliest_Date": "07/14/2021",
    "Recommended_Date": "07/14/2021",
}


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, (1, 1, 1)),
        ({"Past_Due_Date": "09/07/2021"}, (1, 1, 0)),
        ({"Earliest_Date": ""}, (1, 1, 0)),
        ({"Series_Status": "Complete"}, (1, 1, 0)),
        ({"Recommended_Date": "07/11/2021"}, (1, 0, 0)),
        ({"Recommended_Date": ""}, (1, 0, 0)),
        ({"Vaccine_Group": "Grippe"}, (1, 0, 0)),
    ],
)
def test_what_agreement_means(app, tmp_path, changes, counts):
    result = run(app, "vaccines", "measure", "--built-in", write_cases(tmp_path, {**NEWBORN, **changes}))
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("all")]
    assert tuple(map(int, line.split()[2:5])) == counts


def test_cases_that_differ_are_named_with_their_group(app, tmp_path):
    wrong = {**EARLY, "Evaluation_Status_1": "Valid"}
    found = run(app, "vaccines", "measure", "--built-in", write_cases(tmp_path, NEWBORN, wrong)).output
    assert "Differs: 2 POL: doses valid; wanted not_complete 2021-07-14" in found
    assert "Groups not reached: none" in found
    found = run(app, "vaccines", "measure", "--built-in", write_cases(tmp_path, wrong)).output
    assert "Groups not reached: POL" in found


def test_it_goes_by_the_rules_in_force_unless_others_are_named(app, tmp_path):
    cases = write_cases(tmp_path, NEWBORN)
    assert run(app, "vaccines", "measure", cases).output.startswith("built-in 2024, 1 cases")
    run(app, "import", "cdsi", EDITION)
    assert run(app, "vaccines", "measure", cases).output.startswith("CDC CDSi 9.1, 1 cases")
    assert run(app, "vaccines", "measure", cases, "--built-in").output.startswith("built-in")


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", ",".join(HEADER) + "\n1,yesterday" + "," * 28])
def test_a_file_that_holds_no_cases_is_refused(app, tmp_path, content):
    path = tmp_path / "cases.csv"
    path.write_text(content)
    refused = run(app, "vaccines", "measure", path)
    assert refused.exit_code == 1
    assert "cases.csv is not a file of CDC's test cases" in refused.output


def test_all_cases_of_the_sample_agree(app, data_dir):
    result = run(app, "vaccines", "measure", data_dir / CASES, "--rules", data_dir / RULES)
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("all")]
    assert line.split() == ["all", "83", "83", "83", "83", "100.0%"]


def test_the_built_in_schedule_agrees_with_most_of_them(app, data_dir):
    result = run(app, "vaccines", "measure", data_dir / CASES, "--built-in")
    (line,) = [line for line in result.output.splitlines() if line.startswith("all")]
    cases, _doses, agree, _strict = map(int, line.split()[1:5])
    assert cases == 83
    assert agree / cases >= 0.8
