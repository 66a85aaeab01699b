"""Controlled stock moves before a witness, through every door."""

from typing import Any

import pytest

from tests.factories.people import SignedIn, signed_in
from tests.factories.stock import receive, shelf
from tests.inventory.support import reconciled
from tests.patients.support import refused
from tests.pharmacy.dispensing import done, fill, ordered
from tests.pharmacy.support import assert_register_is_right, make_controlled, make_drug, register, sold, witnessed
from tests.treatments.support import make_scene, used


class Door:
    """A way by which stock moves, of ten units of a drug; `open` sends the request with what it says of a witness."""

    def __init__(self, app, drug):
        self.app, self.drug = app, drug
        self.lot = receive(app, drug.item_id, 10, lot_number="A")
        self.someone = signed_in(app, "pharmacy_manager")
        self.prepare()

    def prepare(self) -> None:
        """Do what has to be done before."""

    def open(self, **witness: Any) -> Any:
        """Send the request."""
        raise NotImplementedError


class Discard(Door):
    def open(self, **witness: Any) -> Any:
        body = {"activity_type": "discard", "medication_id": self.drug.id, "quantity": 2, **witness}
        return self.someone.post("/inventory-updates", json=body)


class Adjust(Door):
    def open(self, **witness: Any) -> Any:
        body = {"adjustment": 3, "reason": "Found", **witness}
        return self.someone.patch(f"/items/{self.drug.item_id}/stock", json=body)


class Count(Door):
    def open(self, **witness: Any) -> Any:
        body = {"quantity": 9, "expected_quantity": 10, "reason": "Counted", **witness}
        return self.someone.patch(f"/items/{self.drug.item_id}/stock", json=body)


class Stocktake(Door):
    def prepare(self) -> None:
        begun = self.someone.post("/stocktakes", json={"item_ids": [str(self.drug.item_id)]})
        assert begun.status_code == 201, begun.text
        self.path = f"/stocktakes/{begun.json['data']['id']}"
        counted = self.someone.post(f"{self.path}/lines", json={"lot_id": str(self.lot), "counted": 8})
        assert counted.status_code == 200, counted.text

    def open(self, **witness: Any) -> Any:
        return self.someone.post(f"{self.path}/close", json=witness)


class Reverse(Door):
    def prepare(self) -> None:
        filled = done(fill(self.someone, ordered(self.app, self.drug, items={"quantity": 4})))
        self.path = f"/dispenses/{filled['id']}/reverse"

    def open(self, **witness: Any) -> Any:
        return self.someone.post(self.path, json={"reason": "Wrong patient", **witness})


class Correction(Door):
    def open(self, **witness: Any) -> Any:
        drawn = self.someone.get("/controlled-register").json["data"]
        entry = drawn[0]["id"] if drawn else "0190c6c1-0000-7000-8000-000000000000"
        body = {"quantity_changed_by": -1, "reason": "Miscounted", **witness}
        return self.someone.post(f"/controlled-register/{entry}/corrections", json=body)


class Treatment(Door):
    def prepare(self) -> None:
        scene = make_scene(self.app)
        self.someone = scene.doctor
        treatment = scene.plan(items_used=[used(self.drug.item_id, 2)])
        self.path = f"/treatments/{treatment['id']}/complete"

    def open(self, **witness: Any) -> Any:
        return self.someone.post(self.path, json=witness)


DOORS = (Discard, Adjust, Count, Stocktake, Reverse, Correction, Treatment)


@pytest.fixture
def pharmacist(app):
    """Give a pharmacist, who can stand by."""
    return signed_in(app, "pharmacist")


@pytest.fixture
def drug(app):
    """Give a controlled drug."""
    return make_controlled(app)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_asks_for_a_witness(app, drug, pharmacist, door):
    way = door(app, drug)
    lines, stock = register(pharmacist), shelf(app, drug.item_id)
    refused(way.open(), 422, "witness_required", "witness")
    refused(way.open(**witnessed(pharmacist, password="not it at all 1")), 403, "witness_refused")
    refused(way.open(**witnessed(signed_in(app, "nurse"))), 403, "witness_refused")
    refused(way.open(**witnessed(way.someone)), 422, "witness_same_person", "witness.identifier")
    stranger = {"witness": {"identifier": "nobody@example.com", "password": "quiet river stone 42"}}
    refused(way.open(**stranger), 403, "witness_refused")
    assert (register(pharmacist), shelf(app, drug.item_id)) == (lines, stock)
    answer = way.open(**witnessed(pharmacist))
    assert answer.status_code in (200, 201), answer.text
    line = register(pharmacist)[-1]
    assert line["witness"]["id"] == str(pharmacist.user.id)
    assert line["user"]["id"] == str(way.someone.user.id)
    assert len(register(pharmacist)) == len(lines) + 1
    assert_register_is_right(app)
    assert reconciled(app).differences == []


@pytest.mark.parametrize("door", [one for one in DOORS if one is not Correction])
def test_what_is_not_controlled_needs_none(app, door):
    answer = door(app, make_drug(app, prescription_required=True)).open()
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("role", ["pharmacist", "pharmacy_manager", "pharmacy_technician"])
def test_pharmacy_roles_may_stand_by(app, drug, role):
    assert Discard(app, drug).open(**witnessed(signed_in(app, role))).status_code == 201


def test_deliveries_and_fills_need_none_and_are_written_down(app, drug, pharmacist):
    manager = signed_in(app, "pharmacy_manager")
    came = manager.post("/inventory-updates", json={"activity_type": "add", "medication_id": drug.id, "quantity": 30})
    assert came.status_code == 201, came.text
    filled = done(fill(pharmacist, ordered(app, drug)))
    first, second = register(pharmacist)
    assert (first["in"], first["balance"], first["witness"]) == (30, 30, None)
    assert (second["out"], second["balance"]) == (20, 10)
    assert second["document"] == {"type": "dispense", "id": filled["id"]}
    assert_register_is_right(app)


def test_blocking_a_lot_moves_nothing_and_needs_none(app, drug, pharmacist):
    lot = receive(app, drug.item_id, 10, lot_number="A")
    path = f"/lots/{lot}"
    version = {"If-Match": pharmacist.get(path).headers["ETag"]}
    blocked = pharmacist.patch(path, json={"status": "quarantined", "reason": "Seal broken"}, headers=version)
    assert blocked.status_code == 200, blocked.text
    assert len(register(pharmacist)) == 1


def test_a_witness_for_what_became_controlled_after_it_was_sold(app, pharmacist):
    drug, cashier = make_drug(app, stock=2, name="Loperamide"), signed_in(app, "cashier")
    sale = sold(cashier, [{"medication_id": drug.id, "quantity": 2}], payment_method="cash")
    change = {"controlled_schedule": "V", "prescription_required": True}
    assert change_of(pharmacist, drug, change).status_code == 200
    body = {"lines": [{"line_id": sale["lines"][0]["id"], "quantity": 1}], "reason": "Torn", "restock": True}
    refused(cashier.post(f"/transactions/{sale['id']}/refund", json=body), 422, "witness_required", "witness")
    answer = cashier.post(f"/transactions/{sale['id']}/refund", json={**body, **witnessed(pharmacist)})
    assert answer.status_code == 200, answer.text
    assert [line["balance"] for line in register(pharmacist)] == [1]
    assert_register_is_right(app)


def change_of(someone: SignedIn, drug, change):
    path = f"/medications/{drug.id}"
    return someone.patch(path, json=change, headers={"If-Match": someone.get(path).headers["ETag"]})
