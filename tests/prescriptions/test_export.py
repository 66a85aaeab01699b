"""What a patient's export hands out of prescriptions."""

import json

from tests.prescriptions.support import found, make_scene, rows


def test_an_export_has_what_is_prescribed_and_no_draft(app):
    scene = make_scene(app, asked=False)
    draft = scene.prescribe(status="draft")
    asked = {"medication_id": scene.drug()}
    ids = [one["id"] for one in found(scene.send(**asked))]
    active = scene.prescribe(**asked, acknowledge=ids, override_reason="Nobody could be asked.")
    assert {row["prescription_id"] for row in rows(app, "SELECT prescription_id FROM prescription_items")} != {
        draft["id"]
    }
    exported = json.loads(scene.somebody.get(f"/patients/{scene.patient.id}/export").data)
    assert [one["id"] for one in exported["prescriptions"]] == [active["id"]]
    for part in ("prescription_items", "safety_findings"):
        assert {one["prescription_id"] for one in exported[part]} == {active["id"]}, part
    assert all("override_reason" not in one for one in exported["safety_findings"])
