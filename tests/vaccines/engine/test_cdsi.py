"""CDC's supporting data is read, and what is not supporting data is refused by name."""

import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

from server.modules.vaccines.engine.codec import from_json, to_json
from server.modules.vaccines.schedules import archive
from server.modules.vaccines.schedules.archive import Unreadable, open_source
from server.modules.vaccines.schedules.cdsi import read_cdsi
from tests.vaccines.engine.support import ask, dates, due, verdicts

EDITION = Path(__file__).parent / "data" / "edition-9.1"
FIRST_DOSE = {
    "number": 1,
    "ages": [
        {
            "absolute_minimum": "6 weeks - 4 days",
            "minimum": "6 weeks",
            "earliest_recommended": "2 months",
            "latest_recommended": "3 months + 4 weeks",
        }
    ],
    "preferable_vaccines": [{"cvx": "08", "begin_age": "6 weeks"}],
    "allowable_vaccines": [{"cvx": "08", "begin_age": "6 weeks - 4 days"}],
}
SECOND_DOSE = {
    "number": 2,
    # The interval that runs from an observation is not read.
    "intervals": [
        {
            "from_previous": True,
            "absolute_minimum": "4 weeks - 4 days",
            "minimum": "4 weeks",
            "earliest_recommended": "8 weeks",
            "latest_recommended": "13 weeks",
            "is_override": True,
            "effective_on": "2016-12-16",
        }
    ],
    "preferable_vaccines": [{"cvx": "08"}],
    "inadvertent_vaccines": ["901"],
    "skips": [
        {
            "context": "both",
            "sets": [
                {
                    "conditions": [
                        {
                            "kind": "count_by_age",
                            "begin_age": "4 years",
                            "dose_count": 1,
                            "only_valid": True,
                            "vaccines": ["08", "901"],
                        }
                    ]
                }
            ],
        }
    ],
    "is_recurring": True,
    "season": {"begin_on": "2025-07-01", "end_on": "2026-06-30"},
}
EXPECTED = {
    "name": "CDC CDSi",
    "edition": "9.1",
    "source": "CDC, CDSi supporting data",
    "groups": [{"name": "Testpox", "antigens": ["Testpox"]}],
    "vaccines": [
        {"cvx": "08", "antigens": [{"antigen": "Testpox", "begin_age": "0 days"}], "name": "Testpox vaccine"},
    ],
    "series": [
        {
            "name": "Testpox 2-dose series",
            "antigen": "Testpox",
            "vaccine_group": "Testpox",
            "doses": [FIRST_DOSE, SECOND_DOSE],
            "genders": ["female", "unknown"],
            "is_default": True,
            "max_age_to_start": "7 years",
        }
    ],
    "conflicts": [
        {"previous": "901", "current": "900", "begin": "1 day", "minimum_end": "24 days", "end": "28 days"},
    ],
    "immunity": [{"antigen": "Testpox", "born_before": "1957-01-01"}],
}


@pytest.fixture
def copied(tmp_path):
    """Give a function that changes the files of the edition and returns the folder."""

    def change(old="", new="", name="AntigenSupportingData- Testpox.xml"):
        folder = tmp_path / "edition-9.1"
        folder.mkdir()
        for path in EDITION.iterdir():
            text = path.read_text()
            if path.name == name:
                assert old in text
                text = text.replace(old, new, 1) if old else new
            (folder / path.name).write_text(text)
        return folder

    return change


def test_every_word_is_read():
    assert to_json(read_cdsi(open_source(EDITION))) == EXPECTED


def test_the_engine_goes_by_what_was_read():
    rules = read_cdsi(open_source(EDITION))
    found = ask(("08", "2025-02-12"), rules=rules, born="2025-01-01", as_of="2026-01-01")
    assert verdicts(found) == [("valid", None)]
    assert dates(due(found)) == ("2025-07-01", "2025-07-01", "2025-07-01")
    assert due(found).dose_number == 2


def test_archive_and_folder_are_the_same(tmp_path):
    tar, packed = tmp_path / "data.tar.gz", tmp_path / "data.zip"
    with tarfile.open(tar, "w:gz") as out:
        out.add(EDITION, "edition-9.1")
    with zipfile.ZipFile(packed, "w") as out:
        for path in EDITION.iterdir():
            out.write(path, f"edition-9.1/{path.name}")
    found = [open_source(path) for path in (EDITION, tar, packed)]
    assert {one.edition for one in found} == {"9.1"}
    assert len({one.sha256 for one in found}) == 1
    assert [read_cdsi(one) for one in found[1:]] == [read_cdsi(found[0])] * 2


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("6 weeks</minAge>", "six weeks</minAge>", "Not a length of time: 'six weeks'"),
        ("<doseNumber>Dose 1", "<doseNumber>Dose", "A dose without a number"),
        ("<cvx>08</cvx>", "<cvx/>", "<preferableVaccine> lacks <cvx>"),
        ("Vaccine Count by Age", "Phase of the moon", "An unknown condition: phase of the moon"),
        ("<context>Both", "<context>Never", "never"),
        ("20161216", "16.12.2016", "16.12.2016"),
        ("<seriesType>Standard</seriesType>", "", "<series> lacks <seriesType>"),
        ("</antigenSupportingData>", "", "is not plain XML"),
        ("", "<patients/>", "<patients> is not supporting data"),
        ("", "", "is not plain XML"),
        ("", '<!DOCTYPE a [<!ENTITY b "c">]><antigenSupportingData>&b;</antigenSupportingData>', "is not plain XML"),
        ("", "<antigenSupportingData/>", "looked for, and not found"),
    ],
)
def test_what_is_in_no_known_form_names_its_file(copied, old, new, why):
    with pytest.raises(Unreadable) as refused:
        read_cdsi(open_source(copied(old, new)))
    assert why in str(refused.value)
    assert "Testpox.xml" in str(refused.value) or "looked for" in why


@pytest.mark.parametrize("content", [b"", b"patient,name\n", b"PK\x03\x04broken", b"\x1f\x8b\x08broken"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "wrong.tar.gz"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"wrong\.tar\.gz"):
        open_source(path)


def test_a_folder_without_rules_is_refused(tmp_path):
    with pytest.raises(Unreadable, match="has no XML files"):
        open_source(tmp_path)


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 1), ("MAX_FILE_BYTES", 1000)])
def test_more_than_a_schedule_is_refused(monkeypatch, limit, value):
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(Unreadable, match="Too much for a schedule"):
        open_source(EDITION)


def test_all_of_cdc(data_dir):
    rules = read_cdsi(open_source(data_dir / "cdsi_supporting_data_v4.10_xml.tar.gz"))
    assert (rules.edition, len(rules.series), len(rules.groups), len(rules.vaccines)) == ("4.10", 106, 21, 143)
    assert sum(len(one.doses) for one in rules.series) == 337
    assert sum(len(dose.skips) for one in rules.series for dose in one.doses) == 171
    assert (len(rules.conflicts), len(rules.immunity)) == (400, 4)
    assert rules.immunity[-1].born_before == date(1980, 1, 1)
    assert from_json(to_json(rules)) == rules
