"""What too many patients match to be ranked is listed from the word on, whole, once each, on pages and by cursor."""

import pytest

from server.core import ranking
from tests.factories.people import make_patient, signed_in

# In the order of a list that begins at "kim": from there to the end, then from the beginning.
TURNED = ["Kim", "Kimball", "Lang", "Zorn", "Abel", "Berg", "Jansen"]


@pytest.fixture
def few(monkeypatch):
    """Rank at most three."""
    monkeypatch.setattr(ranking, "MOST_RANKED", 3)


@pytest.fixture
def desk(app, few):
    for last_name in ("Zorn", "Berg", "Lang", "Abel", "Jansen"):
        make_patient(app, first_name="Kimberly", last_name=last_name)
    make_patient(app, first_name="Ada", last_name="Kimball")
    make_patient(app, first_name="Ada", last_name="Kim")
    make_patient(app, first_name="Nobody", last_name="Else")
    return signed_in(app, "receptionist")


def last_names(answer):
    assert answer.status_code == 200, answer.text
    return [patient["last_name"] for patient in answer.json["data"]]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 7, 50])
def test_a_cursor_goes_once_around(desk, size):
    seen, cursor = [], None
    for _ in range(20):
        query = {"q": "kim", "per_page": size} | ({"cursor": cursor} if cursor else {})
        answer = desk.get("/patients/search", query_string=query)
        seen += last_names(answer)
        cursor = answer.json["meta"]["next_cursor"]
        if cursor is None:
            break
    assert seen == TURNED


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pages_go_once_around(desk, size):
    pages = [desk.get("/patients/search", query_string={"q": "kim", "per_page": size, "page": n}) for n in range(1, 9)]
    assert [name for page in pages for name in last_names(page)] == TURNED


def test_few_are_ranked_still(desk):
    assert last_names(desk.get("/patients/search?q=kimball")) == ["Kimball"]
    assert last_names(desk.get("/patients/search?q=kim+ada")) == ["Kim", "Kimball"]


def test_of_several_words_the_list_begins_at_a_last_name(desk):
    assert last_names(desk.get("/patients/search?q=kimber+j")) == ["Jansen"]
    # Nobody's last name begins with the first word.
    assert last_names(desk.get("/patients/search?q=kimber+e")) == ["Jansen", "Lang", "Zorn", "Abel", "Berg"]


def test_filters_and_scope_hold_beside_it(app, desk):
    assert last_names(desk.get("/patients/search?q=kim&sex=male")) == []
    assert last_names(signed_in(app, "nurse").get("/patients/search?q=kim")) == []
    cards = signed_in(app, "pharmacist").get("/patients/search?q=kim").json["data"]
    assert [card["name"].split()[-1] for card in cards] == TURNED


def test_a_cursor_of_another_order_is_refused(desk):
    cursor = desk.get("/patients/search?q=kim&per_page=2").json["meta"]["next_cursor"]
    for query in ({"q": "kimb"}, {"q": "kim", "sort": "-last_name"}):
        answer = desk.get("/patients/search", query_string=query | {"cursor": cursor})
        assert answer.status_code == 422, answer.text
