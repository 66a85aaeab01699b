"""PractitionerRoles give the doctors whom they name their specialties."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from server.core.clock import now
from server.modules.fhir.taxonomy import CODES
from tests.factories.database import query
from tests.factories.people import signed_in
from tests.fhir.test_practitioners import NPI, practitioner, take
from tests.fhir.tools import content, ndjson, rows, run_import

NUCC, SNOMED = "http://nucc.org/provider-taxonomy", "http://snomed.info/sct"
CARDIOLOGY = {"coding": [{"system": NUCC, "code": "207RC0000X", "display": "Cardiovascular Disease Physician"}]}
NEUROLOGY = {"coding": [{"system": SNOMED, "code": "394591006", "display": "Neurology"}]}
PSYCHIATRY = {"text": "PSYCHIATRY"}


def role(number: int, of: int, *specialties: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a PractitionerRole of a practitioner; the same number is the same role."""
    return {
        "resourceType": "PractitionerRole",
        "id": str(uuid.UUID(int=40_000_000 + number, version=4)),
        "practitioner": {"reference": f"Practitioner/{practitioner(of)['id']}"},
        "specialty": list(specialties),
        **changes,
    }


def practised(app) -> dict[str, list[str]]:
    """Return the specialties of all doctors by last name."""
    listed = signed_in(app, "admin").get("/doctors?per_page=100").json["data"]
    return {one["last_name"]: sorted(one["specialties"]) for one in listed}


def practise(app, number: int, *codes: str) -> None:
    """Let staff say what a doctor practises."""
    path = f"/doctors/{practitioner(number)['id']}"
    assert signed_in(app, "admin").patch(path, json={"specialties": list(codes)}).status_code == 200


@pytest.mark.parametrize(
    ("specialty", "expected"),
    [
        (CARDIOLOGY, "cardiology"),
        (NEUROLOGY, "neurology"),
        (PSYCHIATRY, "psychiatry"),
        ({"text": "Ear, Nose and Throat"}, "otolaryngology"),
        ({"coding": [{"code": "internal-medicine"}]}, "internal_medicine"),
        ({"coding": [{"system": "urn:ours", "code": "17", "display": "dermatólogy"}]}, "dermatology"),
        ({"coding": [{"system": SNOMED, "code": "1"}, {"system": NUCC, "code": "208800000X"}]}, "urology"),
        # The code says it, whatever is written beside it.
        ({**NEUROLOGY, "text": "Psychiatry"}, "neurology"),
        # A code of another system is no code of that one.
        ({"coding": [{"system": "urn:ours", "code": "207RC0000X"}]}, "general_practice"),
        (
            {"coding": [{"system": NUCC, "code": "207RI0011X", "display": "Interventional Cardiology"}]},
            "general_practice",
        ),
    ],
)
def test_what_a_specialty_is_called_here(app, tmp_path, specialty, expected):
    take(app, tmp_path, role(1, 1, specialty), practitioner(1))
    assert practised(app) == {"Łuczak1": [expected]}


def test_all_codes_lead_to_specialties_of_the_clinic(app):
    assert set(CODES.values()) <= {row["code"] for row in rows(app, "specialties")}


def test_what_nobody_has_here_is_named_in_the_report(app, tmp_path):
    path, report = tmp_path / "a.ndjson", tmp_path / "report.tsv"
    path.write_bytes(ndjson(practitioner(1), role(1, 1, {"text": "Sleep\tmedicine"}, CARDIOLOGY)))
    output = run_import(app, path, "--report", report).output
    assert "PractitionerRole: 1 added" in output
    assert "Left out: specialty of 1 PractitionerRole" in output
    assert f"\tPractitionerRole\t{role(1, 1)['id']}\tleft out\tspecialty: Sleep medicine\n" in report.read_text()
    assert practised(app) == {"Łuczak1": ["cardiology"]}


def test_several_roles_add_up_and_each_tells_of_its_own_practitioner(app, tmp_path):
    roles = (role(1, 1, CARDIOLOGY), role(2, 1, CARDIOLOGY, NEUROLOGY), role(3, 2, PSYCHIATRY), role(4, 3))
    assert "PractitionerRole: 4 added" in take(app, tmp_path, *roles, *map(practitioner, (1, 2, 3)))
    told = {"Łuczak1": ["cardiology", "neurology"], "Łuczak2": ["psychiatry"], "Łuczak3": ["general_practice"]}
    assert practised(app) == told


def test_again_changes_nothing(app, tmp_path):
    some = (practitioner(1), practitioner(2), role(1, 1, CARDIOLOGY), role(2, 1, NEUROLOGY), role(3, 2, active=False))
    take(app, tmp_path, *some)
    before = content(app)
    output = take(app, tmp_path, *some)
    assert "PractitionerRole: 2 unchanged" in output
    assert "Not placed: PractitionerRole 1 (not_in_force)" in output
    assert content(app) == before


@pytest.mark.parametrize(
    ("ended", "is_over"),
    [
        ({"active": False}, True),
        ({"active": True}, False),
        ({"period": {"start": "2020-01-01"}}, False),
        ({"period": {"end": "2020-01-31"}}, True),
        ({"period": {"end": "2020-01-31T12:00:00Z"}}, True),
        ({"period": {"end": "2019"}}, True),
        ({"period": {"end": "2020-03"}}, True),
        ({"period": {"end": "2999"}}, False),
        ({"period": {"end": "2999-12-31"}}, False),
        ({"period": "ever"}, False),
        ({"period": {"end": 7}}, False),
    ],
)
def test_roles_that_ended_do_not_count(app, tmp_path, ended, is_over):
    output = take(app, tmp_path, practitioner(1), role(1, 1, CARDIOLOGY, **ended))
    assert ("Not placed: PractitionerRole 1 (not_in_force)" in output) is is_over
    assert practised(app) == {"Łuczak1": ["general_practice" if is_over else "cardiology"]}


def test_the_last_day_month_and_year_of_a_period_are_in_force(app, tmp_path, clock):
    today = now().date().isoformat()
    ends = (today, today[:7], today[:4])
    specialties = (CARDIOLOGY, NEUROLOGY, PSYCHIATRY)
    roles = [role(n, 1, what, period={"end": end}) for n, (what, end) in enumerate(zip(specialties, ends, strict=True))]
    take(app, tmp_path, practitioner(1), *roles)
    assert practised(app) == {"Łuczak1": ["cardiology", "neurology", "psychiatry"]}


def test_a_role_that_ends_takes_back_what_no_other_tells(app, tmp_path):
    take(app, tmp_path, practitioner(1), role(1, 1, CARDIOLOGY, NEUROLOGY), role(2, 1, NEUROLOGY))
    assert "PractitionerRole: 1 voided" in take(app, tmp_path, role(1, 1, CARDIOLOGY, NEUROLOGY, active=False))
    assert practised(app) == {"Łuczak1": ["neurology"]}
    take(app, tmp_path, role(2, 1, PSYCHIATRY))
    assert practised(app) == {"Łuczak1": ["psychiatry"]}
    take(app, tmp_path, role(2, 1))
    assert practised(app) == {"Łuczak1": ["general_practice"]}
    before = content(app)
    assert "PractitionerRole 1 (not_in_force)" in take(app, tmp_path, role(1, 1, CARDIOLOGY, NEUROLOGY, active=False))
    # An old copy that comes again is not taken back.
    take(app, tmp_path, role(1, 1, CARDIOLOGY, NEUROLOGY), role(2, 1, NEUROLOGY))
    assert content(app) == before


def test_what_a_role_told_is_known_after_its_period_has_run_out(app, tmp_path, clock):
    soon = {"period": {"end": now().date().isoformat()}}
    take(app, tmp_path, practitioner(1), role(1, 1, CARDIOLOGY, **soon), role(2, 1, NEUROLOGY))
    clock.shift(timedelta(days=40))
    # Nothing came of it: time alone takes nothing back, and neither does another role.
    take(app, tmp_path, role(2, 1, NEUROLOGY, PSYCHIATRY))
    assert practised(app) == {"Łuczak1": ["cardiology", "neurology", "psychiatry"]}
    take(app, tmp_path, role(1, 1, CARDIOLOGY, PSYCHIATRY, **soon))
    assert practised(app) == {"Łuczak1": ["neurology", "psychiatry"]}


def test_a_role_that_goes_to_another_practitioner(app, tmp_path):
    take(app, tmp_path, practitioner(1), practitioner(2), role(1, 1, CARDIOLOGY))
    assert "PractitionerRole: 1 changed" in take(app, tmp_path, role(1, 2, CARDIOLOGY))
    assert practised(app) == {"Łuczak1": ["general_practice"], "Łuczak2": ["cardiology"]}


def test_copies_in_one_file_end_at_the_later(app, tmp_path):
    take(app, tmp_path, role(1, 1, CARDIOLOGY), role(1, 1, NEUROLOGY), practitioner(1), role(2, 1, PSYCHIATRY))
    assert practised(app) == {"Łuczak1": ["neurology", "psychiatry"]}


def test_what_staff_say_stays(app, tmp_path):
    some = (practitioner(1), practitioner(2), role(1, 1, CARDIOLOGY, NEUROLOGY), role(2, 2, CARDIOLOGY))
    take(app, tmp_path, *some)
    practise(app, 1, "cardiology", "dermatology")
    practise(app, 2, "general_practice")
    before = content(app)
    take(app, tmp_path, *some)
    assert content(app) == before
    # A changed copy writes what differs from the copy before, and nothing else.
    take(app, tmp_path, role(1, 1, NEUROLOGY, PSYCHIATRY), role(3, 2, NEUROLOGY))
    told = {"Łuczak1": ["dermatology", "psychiatry"], "Łuczak2": ["general_practice", "neurology"]}
    assert practised(app) == told


def test_general_practice_that_a_role_tells_does_not_give_way(app, tmp_path):
    take(app, tmp_path, practitioner(1), role(1, 1, {"text": "General practice"}))
    take(app, tmp_path, role(2, 1, CARDIOLOGY))
    assert practised(app) == {"Łuczak1": ["cardiology", "general_practice"]}


def test_a_role_waits_for_its_practitioner(app, tmp_path):
    output = take(app, tmp_path, role(1, 1, CARDIOLOGY), role(2, 1, NEUROLOGY), name="roles.json")
    assert "Not placed: PractitionerRole 2 (unknown_practitioner)" in output
    before = content(app)
    assert "PractitionerRole 2 (unknown_practitioner)" in take(
        app, tmp_path, role(1, 1, CARDIOLOGY), role(2, 1, NEUROLOGY), name="roles.json"
    )
    assert content(app) == before
    output = take(app, tmp_path, practitioner(1), name="people.json")
    assert "PractitionerRole: 2 added" in output
    assert "unknown_practitioner" not in output
    assert practised(app) == {"Łuczak1": ["cardiology", "neurology"]}
    assert {row["reason"] for row in rows(app, "fhir_resources")} == {None}


def test_what_waits_is_placed_in_the_order_in_which_it_came(app, tmp_path):
    take(app, tmp_path, role(1, 1, CARDIOLOGY))
    take(app, tmp_path, role(1, 1, NEUROLOGY))
    take(app, tmp_path, role(2, 1, PSYCHIATRY))
    take(app, tmp_path, role(2, 1, PSYCHIATRY, active=False))
    take(app, tmp_path, practitioner(1))
    assert practised(app) == {"Łuczak1": ["neurology"]}


def test_roles_that_were_kept_before_there_was_a_room_are_offered(app, tmp_path):
    take(app, tmp_path, practitioner(1))
    take(app, tmp_path, role(1, 1, CARDIOLOGY))
    practise(app, 1, "general_practice")
    query(
        app,
        "UPDATE fhir_resources SET reason='no_room', object_type=NULL, object_id=NULL WHERE resource_type LIKE '%Role'",
    )
    assert "PractitionerRole: 1 added" in take(app, tmp_path, practitioner(2), name="other.json")
    assert practised(app) == {"Łuczak1": ["cardiology"], "Łuczak2": ["general_practice"]}


def test_roles_before_practitioners_in_a_folder_and_in_a_dry_run(app, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "A.ndjson").write_bytes(ndjson(role(1, 1, CARDIOLOGY)))
    (folder / "B.ndjson").write_bytes(ndjson(practitioner(1)))
    (folder / "C.ndjson").write_bytes(ndjson(role(2, 1, NEUROLOGY, {"text": "Alchemy"}), role(3, 9, PSYCHIATRY)))
    before = content(app)
    output = run_import(app, folder, "--dry-run").output
    assert "PractitionerRole: 1 added" in output
    assert "PractitionerRole 2 (unknown_practitioner)" in output
    assert "Left out: specialty of 1 PractitionerRole" in output
    assert content(app) == before
    output = run_import(app, folder).output
    assert "PractitionerRole: 2 added" in output
    assert "PractitionerRole 1 (unknown_practitioner)" in output
    assert practised(app) == {"Łuczak1": ["cardiology", "neurology"]}


def test_a_practitioner_is_named_by_number_within_a_bundle(app, tmp_path):
    by_search = role(1, 1, CARDIOLOGY, practitioner={"reference": f"Practitioner?identifier={NPI}|91"})
    by_number = role(2, 1, NEUROLOGY, practitioner={"identifier": {"system": NPI, "value": "92"}})
    # Both carry this number, so that it names neither.
    by_both = role(3, 1, PSYCHIATRY, practitioner={"identifier": {"system": "urn:other", "value": "A-1"}})
    output = take(app, tmp_path, by_search, by_number, by_both, practitioner(1), practitioner(2))
    assert "PractitionerRole: 2 added" in output
    assert "PractitionerRole 1 (unknown_practitioner)" in output
    assert practised(app) == {"Łuczak1": ["cardiology"], "Łuczak2": ["neurology"]}


def test_a_practitioner_is_named_by_npi_in_any_file_and_a_number_of_two_is_nobodys(app, tmp_path):
    def of_npi(number, npi, *specialties):
        return role(number, 1, *specialties, practitioner={"identifier": {"system": NPI, "value": npi}})

    output = take(app, tmp_path, of_npi(1, "91", CARDIOLOGY), name="roles.json")
    assert "PractitionerRole 1 (unknown_practitioner)" in output
    twins = [practitioner(number, identifier=[{"system": NPI, "value": "7"}]) for number in (2, 3)]
    output = take(app, tmp_path, practitioner(1), *twins, of_npi(2, "7", NEUROLOGY), name="people.json")
    assert "PractitionerRole: 1 added" in output
    assert "PractitionerRole 1 (unknown_practitioner)" in output
    of_another_kind = role(3, 1, PSYCHIATRY, practitioner={"reference": f"Patient?identifier={NPI}|91"})
    take(app, tmp_path, of_another_kind, of_npi(4, "91", {"text": "Urology"}), name="more.json")
    told = {"Łuczak1": ["cardiology", "urology"], "Łuczak2": ["general_practice"], "Łuczak3": ["general_practice"]}
    assert practised(app) == told


def test_ids_are_those_of_their_source(app, tmp_path):
    one = practitioner(1, id="7", name=[{"family": "North", "given": ["A"]}])
    two = practitioner(2, id="7", name=[{"family": "South", "given": ["B"]}])
    of_seven = role(1, 1, CARDIOLOGY, practitioner={"reference": "Practitioner/7"})
    for source, some in (("north", [one]), ("south", [two, of_seven])):
        (tmp_path / "a.ndjson").write_bytes(ndjson(*some))
        run_import(app, tmp_path / "a.ndjson", "--source", source)
    assert practised(app) == {"North": ["general_practice"], "South": ["cardiology"]}


@pytest.mark.parametrize(
    "odd",
    [
        {"practitioner": None},
        {"practitioner": {"reference": 7}},
        {"practitioner": {"reference": f"Patient/{practitioner(1)['id']}"}},
        {"practitioner": {"identifier": "x"}},
        {"practitioner": {"identifier": {"value": "91"}}},
        {"practitioner": [{"reference": f"Practitioner/{practitioner(1)['id']}"}]},
    ],
)
def test_a_role_of_nobody_is_kept(app, tmp_path, odd):
    output = take(app, tmp_path, practitioner(1, identifier=[7, {"system": 1}]), role(1, 1, CARDIOLOGY, **odd))
    assert "PractitionerRole 1 (unknown_practitioner)" in output
    assert practised(app) == {"Łuczak1": ["general_practice"]}


@pytest.mark.parametrize(
    "odd", ["cardiology", [7, {}, {"coding": "x"}, {"coding": [{"code": 1}]}, {"text": " "}], None]
)
def test_odd_specialties_tell_nothing(app, tmp_path, odd):
    assert "PractitionerRole: 1 added" in take(app, tmp_path, practitioner(1), role(1, 1, specialty=odd))
    assert practised(app) == {"Łuczak1": ["general_practice"]}


def test_without_general_practice_nothing_is_left(app, tmp_path):
    query(app, "DELETE FROM specialties WHERE code = 'general_practice'")
    take(app, tmp_path, practitioner(1), role(1, 1, CARDIOLOGY))
    take(app, tmp_path, role(1, 1))
    assert practised(app) == {"Łuczak1": []}
