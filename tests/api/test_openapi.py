"""The published document is valid, complete, and true of what endpoints answer."""

import re
import uuid

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from server.core.access import PUBLIC
from server.core.declare import endpoints
from tests.factories.people import API, make_patient, relate, signed_in
from tests.patients.support import WHOLE, facts, path, register

VERBS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture
def document(client):
    """Give the document as a client gets it."""
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


def operations(document):
    return {
        (where, verb): operation
        for where, item in document["paths"].items()
        for verb, operation in item.items()
        if verb in VERBS
    }


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_route_is_present_and_no_other(app, document):
    found = {(endpoint.path, endpoint.verb) for endpoint in endpoints(app)}
    assert found == set(operations(document))


def test_operations_are_named_once_and_summarised(document):
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(names) == len(set(names))
    assert all(operation["summary"] for operation in operations(document).values())


def test_aliases_are_marked(app, document):
    marked = {
        where: operation["x-alias-of"]
        for (where, _), operation in operations(document).items()
        if "x-alias-of" in operation
    }
    aliases = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", a): re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", b)
        for a, b in app.extensions["aliases"].items()
    }
    assert marked == aliases
    assert set(aliases.values()) <= set(document["paths"])


def test_public_operations_ask_for_no_token_and_all_others_do(app, document):
    for endpoint in endpoints(app):
        operation = operations(document)[endpoint.path, endpoint.verb]
        asked = [*operation.get("security", [])]
        is_public = endpoint.declaration.permission is PUBLIC
        assert bool(asked) == (not is_public or endpoint.declaration.takes_token)
        assert ({} in asked) == (is_public and bool(asked))


def test_every_refusal_is_the_problem_document(document):
    for operation in operations(document).values():
        for status, response in operation["responses"].items():
            if status >= "400":
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}


def test_references_lead_somewhere(document):
    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    for reference in set(walk(document)):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_examples_fit_their_schemas(document):
    def walk(value):
        if isinstance(value, dict):
            if "example" in value and ("type" in value or "enum" in value):
                yield value
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    for schema in walk(document):
        jsonschema.validate(schema["example"], {k: v for k, v in schema.items() if k != "example"})


def schema_of(document, where, verb, status):
    content = operations(document)[where, verb]["responses"][str(status)]["content"]
    (media,) = content.values()
    return {**media["schema"], "components": document["components"]}


def test_answers_are_as_the_document_says(app, document):
    doctor, admin = signed_in(app, "doctor"), signed_in(app, "admin")
    made = register(doctor, **WHOLE)
    item = f"{API}/patients/{{patient_id}}"
    allergy = doctor.post(path(made, "allergies"), json={"substance": "Latex", "severity": "mild"})
    condition = doctor.post(path(made, "conditions"), json={"display": "Gout", "code": "M10.9"})
    shown = {
        (f"{API}/patients", "get", 200): doctor.get("/patients"),
        (f"{API}/patients", "post", 409): doctor.post("/patients", json=WHOLE),
        (f"{API}/patients", "post", 201): doctor.post("/patients", json=facts()),
        (f"{API}/patients", "post", 422): doctor.post("/patients", json={}),
        (f"{API}/patients", "post", 400): doctor.post("/patients", data="{", content_type="application/json"),
        (f"{API}/patients/search", "get", 200): doctor.get("/patients/search?q=zoe"),
        (f"{API}/patients/lookup", "get", 200): doctor.get(f"/patients/lookup?mrn={made['mrn']}"),
        (item, "get", 200): doctor.get(path(made)),
        (item, "get", 404): doctor.get(path(uuid.uuid4())),
        (item, "patch", 412): doctor.patch(path(made), json={"version": 9}),
        (item, "delete", 403): doctor.delete(path(made)),
        (f"{item}/allergies", "post", 201): allergy,
        (f"{item}/allergies", "get", 200): doctor.get(path(made, "allergies")),
        (f"{item}/conditions", "post", 201): condition,
        (f"{item}/conditions", "get", 200): doctor.get(path(made, "conditions")),
        (f"{item}/medical-history", "get", 200): doctor.get(path(made, "medical-history")),
        (f"{item}/care-team", "get", 200): doctor.get(path(made, "care-team")),
        (f"{API}/users", "get", 200): admin.get("/users"),
        (f"{API}/audit-logs", "get", 200): admin.get("/audit-logs"),
        (f"{API}/user-activities", "get", 200): admin.get("/user-activities"),
        (f"{API}/auth/me", "get", 200): admin.get("/auth/me"),
    }
    for (where, verb, status), answer in shown.items():
        assert answer.status_code == status, (where, verb, answer.text)
        jsonschema.validate(answer.json, schema_of(document, where, verb, status))
        assert answer.json["success"] is (status < 400)


@pytest.mark.parametrize("role", ["pharmacist", "cashier", "patient"])
def test_the_few_fields_of_some_roles_fit_the_document_too(app, document, role):
    someone = signed_in(app, role)
    own = make_patient(app, user_id=someone.user.id)
    relate(app, own.id, someone.user.id)
    answer = someone.get(path(own))
    jsonschema.validate(answer.json, schema_of(document, f"{API}/patients/{{patient_id}}", "get", 200))


def test_every_endpoint_answers_in_the_envelope(app, document):
    """Call everything with an empty body and made-up ids: whatever the answer is, a client can read it."""
    admin = signed_in(app, "admin")
    for endpoint in endpoints(app):
        if endpoint.path == "/metrics" or endpoint.declaration.bare or endpoint.path.endswith("/logout-all"):
            continue
        where = endpoint.rule.rule
        for name in endpoint.rule.arguments:
            where = re.sub(rf"<(\w+:)?{name}>", str(uuid.uuid4()), where)
        headers = admin.tokens.headers if endpoint.declaration.permission is not PUBLIC else {}
        body = {} if endpoint.verb != "get" else None
        answer = admin.client.open(where, method=endpoint.verb.upper(), json=body, headers=headers)
        assert answer.status_code < 500, (endpoint.path, answer.text)
        if answer.is_json and endpoint.declaration.media_type == "application/json":
            assert {"success", "data", "message"} <= set(answer.json), (endpoint.path, endpoint.verb, answer.text)
            assert answer.json["success"] is (answer.status_code < 400)


def test_examples_of_the_index_call_the_api_where_it_is(client, make_app):
    def examples(client, **asked):
        groups = client.get("/", **asked).json["data"]["groups"]
        return [line["example"] for lines in groups.values() for line in lines]

    for asked, origin in (
        ({"headers": {"Host": "localhost:5077"}}, "http://localhost:5077"),
        ({"headers": {"Host": "api.example"}}, "http://api.example"),
    ):
        assert all(f" '{origin}/" in one for one in examples(client, **asked))
    public = make_app(PUBLIC_URL="https://api.clinic.example/").test_client()
    assert all(" 'https://api.clinic.example/" in one for one in examples(public, headers={"Host": "evil.example"}))
