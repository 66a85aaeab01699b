"""What tests of documents share: short ways to send files."""

import io
from typing import Any

from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, stream_encode_multipart

from tests.factories.calendar import make_doctor
from tests.factories.people import SignedIn, make_patient, make_user, relate, signed_in
from tests.files.samples import PDF
from tests.patients.support import path


def doctor_of(app: Flask, *patients: Any) -> SignedIn:
    """Return a client signed in as a doctor with a profile who cares for these patients."""
    user = make_user(app, "doctor")
    make_doctor(app, user_id=user.id)
    for patient in patients:
        relate(app, patient.id, user.id)
    return signed_in(app, user=user)


def carer(app: Flask, role: str, *patients: Any) -> SignedIn:
    """Return a client signed in as somebody of a role who cares for these patients."""
    user = make_user(app, role)
    for patient in patients:
        relate(app, patient.id, user.id)
    return signed_in(app, user=user)


def with_chart(app: Flask) -> tuple[SignedIn, Any]:
    """Return a client signed in as a patient, and that patient's chart."""
    user = make_user(app, "patient")
    patient = make_patient(app, user_id=user.id)
    return signed_in(app, user=user), patient


def send(
    someone: SignedIn,
    patient: Any,
    content: bytes = PDF,
    name: str = "letter.pdf",
    declared: str | None = None,
    *,
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> TestResponse:
    """Send a file for a patient's chart."""
    file = FileStorage(io.BytesIO(content), name, content_type=declared)
    form = {"file": file, **{key: str(value) for key, value in fields.items()}}
    # In memory: the client's own way leaves a temporary file behind.
    body, _, boundary = stream_encode_multipart(form, use_tempfile=False)
    content_type = f"multipart/form-data; boundary={boundary}"
    return someone.post(path(patient, "documents"), data=body.read(), content_type=content_type, headers=headers)


def bring(someone: SignedIn, patient: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Put a file into a patient's chart and return what was answered."""
    answer = send(someone, patient, *args, **kwargs)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def item(document: dict[str, Any], *more: str) -> str:
    """Return the path of a document, or of something below."""
    return path(document["patient_id"], "documents", document["id"], *more)


def release(someone: SignedIn, document: dict[str, Any]) -> TestResponse:
    """Release a document."""
    return someone.post(f"/documents/{document['id']}/release")


def void(someone: SignedIn, document: dict[str, Any], *, version: int = 1) -> TestResponse:
    """Mark a document as entered in error."""
    match = {"If-Match": f'"{version}"'}
    return someone.delete(item(document), query_string={"reason": "Wrong chart"}, headers=match)
