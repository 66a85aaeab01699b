"""The Authorization header is read as HTTP says."""

import pytest

from tests.factories.people import API


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_taken_in_any_case(as_role, client, scheme):
    token = as_role("nurse").tokens.access
    assert client.get(f"{API}/auth/me", headers={"Authorization": f"{scheme} {token}"}).status_code == 200


def test_a_form_sign_in_is_refused_in_the_words_of_oauth(client):
    answer = client.post(f"{API}/auth/token", data={"username": "nobody@example.com", "password": "wrong"})
    assert (answer.status_code, answer.json["error"], answer.json["code"]) == (401, "invalid_grant", "bad_credentials")
