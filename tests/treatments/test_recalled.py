"""A recall of a supply lists the treatments that used it."""

from tests.factories.people import signed_in
from tests.factories.stock import make_item, receive
from tests.treatments.support import used


def recall(someone, lot):
    answer = someone.post(f"/lots/{lot}/recall", json={"reason": "Not sterile"})
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_a_recall_lists_the_treatments_that_used_it_and_on_whom(app, clock, scene):
    item = make_item(app)
    lot, other = receive(app, item, 2, lot_number="A1"), receive(app, item, 9, lot_number="A2")
    done = scene.completed(items_used=[used(item, 5)])
    scene.plan(items_used=[used(item, 1)])
    told = recall(signed_in(app, "pharmacy_manager"), lot)
    (given,) = told["dispenses"]
    assert (given["document_type"], given["document_id"], given["lot_id"]) == ("treatment", done["id"], str(lot))
    assert (given["quantity"], given["given_at"]) == (2, done["completed_at"])
    (patient,) = told["patients"]
    assert (patient["id"], patient["mrn"]) == (str(scene.patient.id), scene.patient.mrn)
    # Who may recall and not know whom it was given to sees the treatment alone.
    told = recall(signed_in(app, "technician"), other)
    assert "patients" not in told
    assert [(one["document_id"], one["quantity"], "patient" in one) for one in told["dispenses"]] == [
        (done["id"], 3, False)
    ]
