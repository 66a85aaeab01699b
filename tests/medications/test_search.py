"""What a pharmacist expects first comes first; filters of the catalogue."""

import uuid
from datetime import date

import pytest

from tests.factories.stock import receive, set_lot
from tests.medications.support import add, names, path
from tests.patients.support import refused

AMOX = [{"name": "amoxicillin", "rxnorm_code": "723"}]
CLAV = [{"name": "clavulanate", "rxnorm_code": "48203"}]
APAP, CODEINE = [{"name": "acetaminophen", "rxnorm_code": "161"}], [{"name": "codeine phosphate"}]
CATALOGUE = [
    {"name": "tamoxifen 20 MG Oral Tablet", "ingredients": [{"name": "tamoxifen"}]},
    {
        "name": "amoxicillin 250 MG / clavulanate 125 MG Oral Tablet",
        "ingredients": AMOX + CLAV,
        "brands": ["Augmentin"],
    },
    {"name": "12 HR amoxicillin 775 MG Extended Release Oral Tablet", "ingredients": AMOX, "brands": ["Moxatag"]},
    {
        "name": "amoxicillin 500 MG Oral Capsule",
        "ingredients": AMOX,
        "rxnorm_code": "308191",
        "barcode": "4006381333931",
    },
    {"name": "amoxicillin 250 MG Oral Capsule", "ingredients": AMOX, "rxnorm_code": "308182"},
    {"name": "acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet", "ingredients": APAP + CODEINE}
    | {"brands": ["Tylenol with Codeine"], "prescription_required": True, "rxnorm_code": "993781"},
    {"name": "acetaminophen 325 MG Oral Tablet", "ingredients": APAP, "brands": ["Tylenol"]}
    | {"prescription_required": False, "form": "Oral Tablet"},
    {"name": "acetaminophen 500 MG / diphenhydramine 25 MG Oral Tablet", "brands": ["Tylenol PM", "Panadol PM"]}
    | {"ingredients": [*APAP, {"name": "diphenhydramine hydrochloride"}]},
    {"name": "codeine sulfate 15 MG Oral Tablet", "ingredients": [{"name": "codeine sulfate"}]},
    {"name": "Zocor", "generic_name": "simvastatin", "form": "Oral Tablet"},
]


@pytest.fixture
def catalogue(pharmacist):
    """Put some products into the catalogue, those first that should come last."""
    return {made["name"]: made for made in (add(pharmacist, **fields) for fields in CATALOGUE)}


SINGLE = ["amoxicillin 250 MG Oral Capsule", "amoxicillin 500 MG Oral Capsule"]
LONG = "12 HR amoxicillin 775 MG Extended Release Oral Tablet"
CLAVULANATE = "amoxicillin 250 MG / clavulanate 125 MG Oral Tablet"
TYLENOL, WITH_CODEINE = "acetaminophen 325 MG Oral Tablet", "acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet"
PM, CODEINE_ALONE = "acetaminophen 500 MG / diphenhydramine 25 MG Oral Tablet", "codeine sulfate 15 MG Oral Tablet"


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("amoxi", [*SINGLE, LONG, CLAVULANATE, "tamoxifen 20 MG Oral Tablet"]),
        ("AMOXICILLIN", [*SINGLE, LONG, CLAVULANATE]),
        ("amoxicillin 500", ["amoxicillin 500 MG Oral Capsule"]),
        ("amoxicillin 250", ["amoxicillin 250 MG Oral Capsule", CLAVULANATE]),
        ("tylenol", [TYLENOL, WITH_CODEINE, PM]),
        ("tylenol pm", [PM]),
        ("acetaminophen", [TYLENOL, WITH_CODEINE, PM]),
        ("paracetamol", [TYLENOL, WITH_CODEINE, PM]),
        ("codeine", [CODEINE_ALONE, WITH_CODEINE]),
        ("simva", ["Zocor"]),
        ("308191", ["amoxicillin 500 MG Oral Capsule"]),
        ("4006381333931", ["amoxicillin 500 MG Oral Capsule"]),
        ("48203", [CLAVULANATE]),
        ("161", [TYLENOL, WITH_CODEINE, PM]),
        ("nothing", []),
        ("100%", []),
        ("_", None),
    ],
)
def test_what_fits_best_comes_first(pharmacist, catalogue, q, found):
    if found is None:
        refused(pharmacist.get("/medications", query_string={"q": q}), 422, "validation_failed", "q")
    else:
        assert names(pharmacist, q=q) == found


def test_it_is_found_by_what_it_is_now(pharmacist, catalogue):
    zocor = catalogue["Zocor"]
    change = {"brands": ["Simlup"], "barcode": "590", "ingredients": [{"name": "lovastatin", "rxnorm_code": "6472"}]}
    assert pharmacist.patch(path(zocor), json={**change, "version": 1}).status_code == 200
    for q in ("simlup", "590", "lovastatin", "6472", "zocor", "simvastatin"):
        assert names(pharmacist, q=q) == ["Zocor"]
    pharmacist.put(path(zocor), json={"name": "Mevacor", "version": 2})
    assert [names(pharmacist, q=q) for q in ("zocor", "lovastatin", "590", "mevacor")] == [[], [], [], ["Mevacor"]]


def test_pages_of_a_search_follow_its_order(pharmacist, catalogue):
    whole = names(pharmacist, q="amoxi")
    first = pharmacist.get("/medications?q=amoxi&per_page=2").json
    assert [one["name"] for one in first["data"]] == whole[:2]
    second = pharmacist.get(f"/medications?q=amoxi&per_page=2&cursor={first['meta']['next_cursor']}").json
    assert [one["name"] for one in second["data"]] == whole[2:4]
    assert first["meta"]["total"] == 5


def test_an_order_that_is_asked_for(pharmacist, catalogue):
    assert names(pharmacist, q="amoxicillin", sort="-name") == [*reversed(SINGLE), CLAVULANATE, LONG]
    assert names(pharmacist, sort="created_at") == [fields["name"] for fields in CATALOGUE]


def test_filters(pharmacist, catalogue):
    assert names(pharmacist, prescription_required="false") == [TYLENOL]
    assert names(pharmacist, form="TABLET") == [TYLENOL, "Zocor"]
    assert names(pharmacist, form="oral tab", q="simva") == ["Zocor"]
    assert names(pharmacist, form="%") == names(pharmacist)
    refused(pharmacist.get("/medications?low_stock=1"), 422, "validation_failed", "low_stock")
    refused(pharmacist.get("/medications?expiring_before=soon"), 422, "validation_failed", "expiring_before")
    refused(pharmacist.get("/medications?colour=red"), 422, "validation_failed", "colour")


def test_low_is_what_is_at_its_reorder_point(app, clock, manager):
    stocked = [add(manager, name=name, reorder_point=10) for name in "abcdef"]
    items = {made["name"]: uuid.UUID(made["item_id"]) for made in stocked}
    receive(app, items["b"], 11)
    receive(app, items["c"], 10)
    set_lot(app, receive(app, items["d"], 11), reserved=1)
    set_lot(app, receive(app, items["e"], 50), status="quarantined")
    set_lot(app, receive(app, items["f"], 50), expires_on=date(2026, 3, 1))
    assert names(manager, low_stock="true") == ["a", "c", "d", "e", "f"]
    assert names(manager, low_stock="false") == ["b"]
    assert names(manager, low_stock="true", q="d") == ["d"]


def test_what_expires_before_a_day(app, clock, manager):
    items = {name: uuid.UUID(add(manager, name=name)["item_id"]) for name in "abcde"}
    receive(app, items["a"], 1, expires_on=date(2026, 5, 31))
    receive(app, items["b"], 1, expires_on=date(2026, 6, 1))
    receive(app, items["c"], 1)
    set_lot(app, receive(app, items["d"], 1), expires_on=date(2026, 3, 1))
    set_lot(app, receive(app, items["e"], 1, expires_on=date(2026, 4, 1)), status="recalled")
    assert names(manager, expiring_before="2026-06-01") == ["a"]
    assert names(manager, expiring_before="2026-06-02") == ["a", "b"]


def test_a_list_shows_what_one_shows(app, manager):
    made = [add(manager, quantity=3, **{**CATALOGUE[1], "name": name}) for name in "ab"]
    shown = manager.get("/medications").json["data"]
    assert shown == [manager.get(path(one)).json["data"] for one in made] == made
