import pytest

from tests.factories.people import signed_in
from tests.patients.support import blamed, facts, ids, refused

PEOPLE = [
    facts(first_name="José", last_name="Nuñez Łuczak", date_of_birth="1980-02-03", phone="+16175550123"),
    facts(first_name="Síle", last_name="O'Reilly", date_of_birth="1971-11-30", email="sile.oreilly@example.com"),
    facts(first_name="محمّد", last_name="الفارسي", date_of_birth="1962-01-01", phone="+49301234567"),
    facts(first_name="小明", last_name="王", date_of_birth="1955-06-06"),
    facts(first_name="Jürgen", last_name="Groß-Müller", date_of_birth="1949-12-31", preferred_name="Jogi"),
    facts(first_name="Søren", last_name="Ærø", date_of_birth="1990-09-09", maiden_name="Šimić", middle_name="Xaver"),
    facts(first_name="100% Ann_e", last_name="Percent", date_of_birth="2001-01-01"),
    facts(first_name="Δημήτρης", last_name="Иванов", date_of_birth="2002-02-02"),
]


@pytest.fixture
def found(app):
    """Give a function that searches among eight people and returns their numbers."""
    admin = signed_in(app, "admin")
    made = []
    for one in PEOPLE:
        answer = admin.post("/patients", json={**one, "confirm_new": True})
        assert answer.status_code == 201, answer.text
        made.append(answer.json["data"]["id"])

    def search(q: str, where: str = "/patients/search", **more: str) -> list[int]:
        return [made.index(one) for one in ids(admin.get(where, query_string={"q": q, **more}))]

    search.admin, search.made = admin, made
    return search


@pytest.mark.parametrize(
    ("q", "numbers"),
    [
        ("jose", [0]),
        ("JOSÉ", [0]),
        ("jose\u0301", [0]),
        ("nunez", [0]),
        ("luczak jose", [0]),
        ("jose luczak", [0]),
        ("os ucz", [0]),
        ("jose reilly", []),
        ("oreilly", [1]),
        ("O'Reilly", [1]),
        ("o’reilly", [1]),
        ("reilly sile", [1]),
        ("محمد", [2]),
        ("محمّد", [2]),
        ("王", [3]),
        ("小明 王", [3]),
        ("gross", [4]),
        ("GROSSMULLER", [4]),
        ("groß-müller", [4]),
        ("jogi", [4]),
        ("soren aero", [5]),
        ("simic", [5]),
        ("xaver", [5]),
        ("100%", [6]),
        ("ann_e", [6]),
        ("percent %", [6]),
        ("%%", None),
        ("_", None),
        ("'", None),
        ("🙂", None),
        (" ", None),
        ("δημητρης", [7]),
        ("ΙΒΑΝΟΒ", []),
        ("иванов", [7]),
        ("555-01", [0]),
        ("(617) 555", [0]),
        ("+1 617 555 0123", [0]),
        ("030 1234567", [2]),
        ("030 12", [2]),
        ("4930123", [2]),
        ("1980-02-03", [0]),
        ("19800203", [0]),
        ("sile.oreilly@example.com", [1]),
        ("SILE.OREILLY@EXAMPLE.COM", [1]),
        ("example.com", [1]),
        ("\\", None),
        ("nobody", []),
    ],
)
def test_what_is_found(found, q, numbers):
    if numbers is None:
        for where in ("/patients", "/patients/search"):
            answer = found.admin.get(where, query_string={"q": q})
            refused(answer, 422, "validation_failed", "q")
        return
    assert found(q) == numbers
    assert sorted(found(q, "/patients")) == sorted(numbers)


def test_the_mrn_is_found_whole_and_by_its_digits(found):
    mrn = found.admin.get(f"/patients/{found.made[3]}").json["data"]["mrn"]
    assert found(mrn) == [3]
    assert found(mrn.lower()) == [3]
    assert 3 in found(mrn.split("-")[-1])


def test_whole_words_come_before_beginnings_and_those_before_the_rest(as_role):
    admin = as_role("admin")
    for number, last_name in enumerate(("Hannaford", "Johanna", "Zanna", "Annabel", "Anna")):
        body = facts(first_name="X", last_name=last_name, date_of_birth=f"19{number}0-01-01", confirm_new=True)
        assert admin.post("/patients", json=body).status_code == 201
    shown = admin.get("/patients/search?q=anna").json["data"]
    assert [one["last_name"] for one in shown] == ["Anna", "Annabel", "Hannaford", "Johanna", "Zanna"]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"sex": "female"}, range(8)),
        ({"gender": "female"}, range(8)),
        ({"sex": "male"}, []),
        ({"born_from": "1980-02-03"}, [0, 5, 6, 7]),
        ({"born_to": "1980-02-03"}, [0, 1, 2, 3, 4]),
        ({"born_from": "1980-02-03", "born_to": "1980-02-03"}, [0]),
        ({"status": "active"}, range(8)),
        ({"status": "deceased"}, []),
        ({"doctor_id": "01900000-0000-7000-8000-000000000000"}, []),
    ],
)
def test_filters_narrow_list_and_search(found, filters, numbers):
    listed = found.admin.get("/patients", query_string=filters)
    assert sorted(found.made.index(one) for one in ids(listed)) == list(numbers)
    assert listed.json["meta"]["total"] == len(numbers)
    assert found("jose", **filters) == [number for number in numbers if number == 0]


@pytest.mark.parametrize("city", ["Évry", "évry", "ÉVRY", "ŁÓDŹ", "łódź", "İzmir", "東京"])
def test_a_city_is_found_in_any_case(as_role, city):
    admin = as_role("admin")
    made = admin.post("/patients", json=facts(address={"city": city})).json["data"]
    for asked in (city, city.swapcase(), city.upper()):
        assert ids(admin.get("/patients", query_string={"city": asked})) == [made["id"]]
    assert ids(admin.get("/patients", query_string={"city": city[:-1]})) == []


@pytest.mark.parametrize(
    "query",
    [
        {"born_from": "yesterday"},
        {"status": "gone"},
        {"sex": "m"},
        {"doctor_id": "7"},
        {"city": ""},
        {"q": ""},
        {"q": "x" * 201},
        {"q": "a\u0000b"},
        {"sort": "phone"},
        {"sort": "-"},
        {"sort": "last_name;drop"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "1.5"},
        {"page": "１"},
        {"page": "9" * 30},
        {"per_page": "0"},
        {"per_page": "101"},
        {"per_page": ""},
    ],
)
@pytest.mark.parametrize("where", ["/patients", "/patients/search"])
def test_what_is_not_valid_is_refused(as_role, where, query):
    answer = as_role("admin").get(where, query_string={**({"q": "x"} if "search" in where else {}), **query})
    refused(answer, 422, "validation_failed", *query)
    assert blamed(answer) == set(query)


def test_a_search_needs_words(as_role):
    refused(as_role("admin").get("/patients/search"), 422, "validation_failed", "q")
