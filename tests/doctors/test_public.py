"""Anybody finds active doctors, by what is public of them; admins and the doctor see the rest."""

import itertools
import uuid

import pytest

from server.core.uow import command
from server.modules.doctors.queries import search
from server.modules.doctors.service import ratings
from tests.doctors.support import PRIVATE, WHOLE, add, last_names, look
from tests.factories.people import make_user, signed_in
from tests.patients.support import refused


@pytest.fixture
def three(admin):
    """Give three doctors who differ in everything."""
    return [
        add(
            admin,
            first_name="Ångela",
            last_name="Abbott",
            title="Dr.",
            city="Köln",
            specialties=["cardiology"],
            languages=["de", "en-GB"],
            consultation_fee="50.00",
            license_number="SECRET-1",
        ),
        add(
            admin,
            first_name="Bo",
            last_name="Öztürk",
            city="São Paulo",
            specialties=["dermatology", "general_practice"],
            languages=["pt-BR"],
            consultation_fee="80.00",
        ),
        add(admin, first_name="Cy", last_name="Nyman", city="Boston", specialties=["general_practice"]),
    ]


def rate(app, doctor, count, total):
    with app.app_context(), command("tests.rate", "doctor"):
        ratings.set_rating(doctor_id=uuid.UUID(doctor["id"]), count=count, total=total)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("where", ["/doctors", "/doctors/search"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Abbott", "Nyman", "Öztürk"]),
        ({"specialty": "cardiology"}, ["Abbott"]),
        ({"specialty": "General_Practice"}, ["Nyman", "Öztürk"]),
        ({"specialty": "astrology"}, []),
        ({"specialty": str(uuid.uuid4())}, []),
        ({"city": "koln"}, ["Abbott"]),
        ({"city": "KÖLN"}, ["Abbott"]),
        ({"language": "en"}, ["Abbott"]),
        ({"language": "en-GB"}, ["Abbott"]),
        ({"language": "en-US"}, []),
        ({"language": "EN-gb"}, ["Abbott"]),
        ({"language": "pt"}, ["Öztürk"]),
        ({"max_fee": "50.00"}, ["Abbott"]),
        ({"max_fee": "49.99"}, []),
        ({"max_fee": "80"}, ["Abbott", "Öztürk"]),
        ({"q": "ozturk"}, ["Öztürk"]),
        ({"q": "BO"}, ["Abbott", "Nyman", "Öztürk"]),
        ({"q": "abbott angela"}, ["Abbott"]),
        ({"q": "derma"}, ["Öztürk"]),
        ({"q": "general practice paulo"}, ["Öztürk"]),
        ({"q": "secret"}, []),
        ({"q": "zzz"}, []),
        ({"specialty": "general_practice", "city": "Boston"}, ["Nyman"]),
        ({"status": "inactive"}, []),
        ({"available_on": "2026-03-03"}, []),
    ],
)
def test_filters(client, where, query, expected):
    if query == {"q": "BO"} and where == "/doctors/search":
        expected = ["Öztürk", "Nyman", "Abbott"]  # a whole word, the beginning of one, and inside of one
    assert last_names(look(client, where, **query)) == expected


def test_a_specialty_is_found_by_its_id_too(client, three):
    listed = look(client, "/specialties", per_page=100).json["data"]
    (wanted,) = [one["id"] for one in listed if one["code"] == "dermatology"]
    assert last_names(look(client, "/doctors", specialty=wanted)) == ["Öztürk"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_rating", "5.01"),
        ("min_rating", "x"),
        ("min_rating", "-1"),
        ("max_fee", "-1"),
        ("max_fee", "1.234"),
        ("available_on", "tomorrow"),
        ("language", "german"),
        ("q", "..."),
        ("sort", "license_number"),
        ("status", "gone"),
        ("license_number", "SECRET-1"),
    ],
)
def test_wrong_filters_are_named(client, name, value):
    refused(look(client, "/doctors", **{name: value}), 422, "validation_failed", name)


def test_ratings_are_shown_filtered_and_sorted_by(app, client, three):
    abbott, ozturk, _ = three
    assert look(client, f"/doctors/{abbott['id']}").json["data"]["rating"] is None
    rate(app, abbott, 3, 14)  # 4.666...
    rate(app, ozturk, 200, 899)  # 4.495: shown as 4.5
    shown = look(client, f"/doctors/{abbott['id']}").json["data"]
    assert (shown["rating"], shown["rating_count"], shown["version"]) == (4.67, 3, 1)
    assert shown["updated_at"] == abbott["updated_at"]
    assert look(client, f"/doctors/{ozturk['id']}").json["data"]["rating"] == 4.5
    for least, expected in (
        ("4.67", ["Abbott"]),
        ("4.68", []),
        ("4.5", ["Abbott", "Öztürk"]),
        ("4.51", ["Abbott"]),
        ("0.01", ["Abbott", "Öztürk"]),
        ("0", ["Abbott", "Nyman", "Öztürk"]),
        ("5", []),
    ):
        assert last_names(look(client, "/doctors", min_rating=least)) == expected, least
    assert last_names(look(client, "/doctors", sort="-rating")) == ["Abbott", "Öztürk", "Nyman"]
    assert last_names(look(client, "/doctors", sort="fee")) == ["Nyman", "Abbott", "Öztürk"]
    assert last_names(look(client, "/doctors/search", q="o", sort="-fee")) == ["Öztürk", "Abbott", "Nyman"]
    rate(app, abbott, 0, 0)
    assert look(client, f"/doctors/{abbott['id']}").json["data"]["rating"] is None


def test_who_has_a_free_time_comes_from_above_in_as_many_statements(client, three, monkeypatch):
    abbott, ozturk, _ = (uuid.UUID(one["id"]) for one in three)
    asked = []

    def free_among(_connection, day, doctor_ids):
        asked.append((str(day), set(doctor_ids)))
        return {abbott} & set(doctor_ids)

    monkeypatch.setattr(search, "_availability", [free_among])
    assert last_names(look(client, "/doctors", available_on="2026-03-03", max_fee="100")) == ["Abbott"]
    assert asked == [("2026-03-03", {abbott, ozturk})]
    assert look(client, "/doctors", available_on="2026-03-03", city="Boston").json["meta"]["total"] == 0


def test_account_and_licence_are_shown_to_admins_and_the_doctor_alone(app, client, admin):
    owner, other = signed_in(app, "doctor"), signed_in(app, "doctor", "nurse")
    made = add(admin, **WHOLE, user_id=str(owner.user.id))
    for reader, sees in (
        (admin, True),
        (owner, True),
        (other, False),
        (signed_in(app, "receptionist"), False),
        (signed_in(app, "patient"), False),
    ):
        one = reader.get(f"/doctors/{made['id']}").json["data"]
        (row,) = reader.get("/doctors").json["data"]
        (found,) = reader.get("/doctors/search?q=luczak").json["data"]
        assert one == row == found
        assert bool(PRIVATE & one.keys()) is sees, reader.user.roles
    for shown in (look(client, f"/doctors/{made['id']}").json["data"], *look(client, "/doctors").json["data"]):
        assert not PRIVATE & shown.keys()
        assert "MA-12345" not in str(shown)


def test_who_is_inactive_is_seen_by_admins_and_by_themselves(app, client, admin):
    owner = signed_in(app, "doctor")
    made = add(admin, user_id=str(owner.user.id))
    path = f"/doctors/{made['id']}"
    assert admin.delete(path).status_code == 204
    for reader in (signed_in(app, "nurse"), signed_in(app, "patient"), signed_in(app, "doctor")):
        refused(reader.get(path), 404, "not_found")
        assert reader.get("/doctors?status=inactive").json["meta"]["total"] == 0
    refused(look(client, path), 404, "not_found")
    assert last_names(look(client, "/doctors", status="inactive")) == []
    assert last_names(admin.get("/doctors")) == []
    assert last_names(admin.get("/doctors?status=inactive")) == ["Quist"]
    assert last_names(owner.get("/doctors?status=inactive")) == ["Quist"]
    assert admin.get(path).json["data"]["status"] == owner.get(path).json["data"]["status"] == "inactive"


def test_reading_is_limited_and_audited(app, client, make_app, admin):
    made = add(admin)
    look(client, f"/doctors/{made['id']}")
    rows = admin.get("/audit-logs?action=doctors.read").json["data"]
    assert [(row["object_id"], row["actor"]) for row in rows] == [(made["id"], None)]
    limited = make_app(RATE_LIMITS_FACTOR="1", RATE_READ="3 per minute").test_client()
    assert [look(limited, "/doctors").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_pages_sorted_by_fee_and_rating_are_walked_by_cursor(app, client, admin):
    for number in range(9):
        made = add(admin, last_name=f"Name{number}", consultation_fee=f"{number % 3}.00" if number % 4 else None)
        rate(app, made, number % 3, 4 * (number % 3))
    for keys in itertools.permutations(("fee", "-rating", "last_name")):
        sort = ",".join(keys)
        whole = last_names(look(client, "/doctors", sort=sort))
        walked, cursor = [], None
        while cursor or not walked:
            answer = look(client, "/doctors", sort=sort, per_page=2, **({"cursor": cursor} if cursor else {}))
            walked += last_names(answer)
            cursor = answer.json["meta"]["next_cursor"]
        assert walked == whole
        assert len(set(whole)) == 9


def test_the_largest_fee_can_be_walked_past(client, admin):
    for number in range(3):
        add(admin, last_name=f"Name{number}", consultation_fee="21474836.47")
    first = look(client, "/doctors", sort="fee", per_page=2).json
    rest = look(client, "/doctors", sort="fee", per_page=2, cursor=first["meta"]["next_cursor"])
    assert last_names(rest) == ["Name2"]


def test_a_closed_account_reads_no_more_than_a_wrong_token(app, client, admin):
    gone = signed_in(app, user=make_user(app, "doctor"))
    assert admin.delete(f"/users/{gone.user.id}").status_code == 204
    assert gone.get("/doctors").status_code == 401
