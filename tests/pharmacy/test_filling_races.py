"""Fills at once, against the real server: never more than is prescribed, nor than there is."""

from datetime import date

from tests.factories.people import signed_in
from tests.factories.stock import receive, shelf
from tests.inventory.support import reconciled
from tests.patients.test_races import at_once, send
from tests.pharmacy.dispensing import dispensed, dispenses_of, done, fill, ordered, status_of, without_allergies
from tests.pharmacy.support import make_drug


def codes(answers):
    return sorted((status, body.get("code", "")) for status, (body, _) in answers)


def test_of_six_fills_at_once_with_two_refills_three_are_done(app, live_server):
    pharmacist, drug = signed_in(app, "pharmacist"), make_drug(app, stock=500)
    prescription = ordered(app, drug, items={"refills_allowed": 2})
    answers = at_once(6, lambda _number: send(live_server, pharmacist, "POST", prescription.path("fill"), {}))
    assert codes(answers) == [(200, "")] * 3 + [(409, "no_refills_remaining")] * 3
    assert shelf(app, drug.item_id).on_hand == 500 - 3 * 20
    assert (dispensed(app, prescription), status_of(app, prescription)) == ([60], "filled")
    assert [number for number, _, _ in dispenses_of(app, prescription)] == [1, 2, 3]


def test_of_ten_fills_of_the_last_units_those_that_there_are_are_done(app, live_server):
    pharmacist, drug, patient = signed_in(app, "pharmacist"), make_drug(app), without_allergies(app)
    receive(app, drug.item_id, 25, lot_number="A1", expires_on=date(2098, 1, 1))
    receive(app, drug.item_id, 25, lot_number="B2", expires_on=date(2099, 1, 1))
    patients = [patient, *(without_allergies(app) for _ in range(9))]
    each = [ordered(app, drug, patient=one) for one in patients]
    answers = at_once(10, lambda n: send(live_server, pharmacist, "POST", each[n].path("fill"), {}))
    assert codes(answers) == [(200, "")] * 2 + [(409, "insufficient_stock")] * 8
    assert shelf(app, drug.item_id).on_hand == 10
    assert reconciled(app).differences == []


def test_parts_at_once_are_together_what_is_prescribed(app, live_server):
    pharmacist, drug = signed_in(app, "pharmacist"), make_drug(app, stock=500)
    prescription = ordered(app, drug, items={"quantity": 30})
    body = {"quantity": 10}
    answers = at_once(10, lambda _number: send(live_server, pharmacist, "POST", prescription.path("fill"), body))
    assert codes(answers) == [(200, "")] * 3 + [(409, "no_refills_remaining")] * 7
    assert (shelf(app, drug.item_id).on_hand, dispensed(app, prescription)) == (470, [30])


def test_a_dispense_comes_back_once_while_others_fill(app, live_server):
    pharmacist, drug = signed_in(app, "pharmacist"), make_drug(app, stock=500)
    prescription = ordered(app, drug, items={"refills_allowed": 1})
    first = done(fill(pharmacist, prescription))
    reverse = f"/dispenses/{first['id']}/reverse"

    def act(number):
        if number % 2:
            return send(live_server, pharmacist, "POST", prescription.path("fill"), {})
        return send(live_server, pharmacist, "POST", reverse, {"reason": "Wrong", "never_left_premises": True})

    answers = at_once(6, act)
    assert codes(answers[::2]) == [(200, "")] + [(409, "already_reversed")] * 2
    filled = sum(status == 200 for status, _ in answers[1::2])
    assert filled in (1, 2), answers
    assert {status for status, _ in answers} <= {200, 409}
    assert shelf(app, drug.item_id).on_hand == 500 - 20 * filled
    assert dispensed(app, prescription) == [20 * filled]
    assert reconciled(app).differences == []


def test_what_is_prepared_and_filled_at_once_is_handed_out_once(app, live_server):
    pharmacist, technician = signed_in(app, "pharmacist"), signed_in(app, "pharmacy_technician")
    drug = make_drug(app, stock=500)
    prescription = ordered(app, drug)

    def act(number):
        verb, someone = ("fill", pharmacist) if number % 2 else ("prepare", technician)
        return send(live_server, someone, "POST", prescription.path(verb), {})

    answers = at_once(6, act)
    assert {status for status, _ in answers} <= {200, 409}
    assert sum(status == 200 for status, _ in answers[1::2]) == 1
    assert (shelf(app, drug.item_id).on_hand, dispensed(app, prescription)) == (480, [20])
    assert dispenses_of(app, prescription) == [(1, 20, "filled")]
