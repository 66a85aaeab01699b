"""The list of CVX codes that is shipped, and the search in it."""

import json
import re
import tarfile

import pytest

from server.modules.vaccines.catalogue import entries
from tests.factories.people import signed_in
from tests.patients.support import ids, refused


def codes(answer):
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json["data"]]


@pytest.fixture
def nurse(app):
    """Give a client signed in as a nurse."""
    return signed_in(app, "nurse")


def test_the_list_is_whole():
    found = entries()
    assert len(found) == 287
    assert all(re.fullmatch(r"[0-9]{2,3}", code) and one.name == one.name.strip() for code, one in found.items())
    assert {one.status for one in found.values()} == {"active", "inactive", "non_us", "never_active"}
    assert [found[code].name for code in ("03", "20", "115", "998")] == [
        "MMR",
        "DTaP",
        "Tdap",
        "no vaccine administered",
    ]
    assert (found["20"].is_vaccine, found["30"].is_vaccine) == (True, False)


def test_every_vaccine_of_the_synthetic_patients_is_in_it(data_dir):
    given = set()
    with tarfile.open(data_dir / "synthea_r4_123_patients.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".json") else None
            for entry in json.load(file).get("entry", []) if file else []:
                if entry["resource"]["resourceType"] == "Immunization":
                    given |= {one["code"] for one in entry["resource"]["vaccineCode"]["coding"]}
    assert given
    assert given <= entries().keys()


def test_every_code_of_the_schedule_of_cdc_is_in_it(data_dir):
    named = set()
    with tarfile.open(data_dir / "cdsi_supporting_data_v4.10_xml.tar.gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".xml") else None
            named |= set(re.findall(r"<cvx>([0-9]+)</cvx>", file.read().decode())) if file else set()
    assert len(named) > 100
    assert named <= entries().keys()


def test_one_entry(nurse):
    (found,) = nurse.get("/vaccines/catalog?q=PRP-OMP").json["data"]
    assert {name: found[name] for name in ("code", "name", "status", "is_vaccine")} == {
        "code": "49",
        "name": "Hib (PRP-OMP)",
        "status": "active",
        "is_vaccine": True,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "mmr"}, ["03", "94"]),
        ({"q": "MMR", "status": "active"}, ["03", "94"]),
        ({"q": "hep polio"}, []),
        ({"q": "hep dtap ipv"}, ["110", "132", "146"]),
        ({"q": "115"}, ["115"]),
        ({"q": "skin"}, []),
        ({"status": "never_active", "q": "covid"}, ["225", "226"]),
        ({"is_vaccine": "false", "q": "rho"}, ["156", "157", "159"]),
    ],
)
def test_search(nurse, query, found):
    assert codes(nurse.get("/vaccines/catalog", query_string=query)) == found


def test_codes_are_in_the_order_of_their_numbers(nurse):
    assert codes(nurse.get("/vaccines/catalog?per_page=3")) == ["01", "02", "03"]
    assert codes(nurse.get("/vaccines/catalog?per_page=3&sort=-code")) == ["999", "998", "801"]
    first = nurse.get("/vaccines/catalog?per_page=2&sort=name").json["data"]
    assert [one["name"] for one in first] == ["adenovirus, type 4", "adenovirus, type 7"]


def test_ids_are_the_same_everywhere(nurse):
    assert ids(nurse.get("/vaccines/catalog?q=tdap&per_page=1")) == ids(nurse.get("/vaccines/catalog?q=115"))


def test_a_cursor_of_another_list(nurse):
    following = nurse.get("/vaccines/catalog?per_page=5").json["meta"]["next_cursor"]
    refused(nurse.get(f"/vaccines/catalog?q=hep&cursor={following}"), 422, "invalid_cursor", "cursor")


@pytest.mark.parametrize("query", ["q=%2B%2B", "status=old", "is_vaccine=1", "sort=colour"])
def test_bad_questions(nurse, query):
    assert nurse.get(f"/vaccines/catalog?{query}").status_code == 422
