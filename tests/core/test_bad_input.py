"""Bodies that are not strict JSON are a 400 before anything else; JSON that is no object is a 422."""

import json

import pytest

from tests.factories.people import API, signed_in
from tests.patients.support import refused

GOOD = b'{"first_name":"Ida","last_name":"Quist","date_of_birth":"1990-05-17","sex":"female"}'


def with_name(value: bytes) -> bytes:
    return GOOD.replace(b'"Ida"', value)


MALFORMED = {
    "empty": b"",
    "blank": b"  \n\t ",
    "open brace": b"{",
    "close brace": b"}",
    "two braces": b"{}{}",
    "something after": GOOD + b"x",
    "a second value": GOOD + b",{}",
    "truncated": GOOD[:-1],
    "truncated in a string": GOOD[:20],
    "truncated in a key": b'{"first_na',
    "truncated escape": b'{"first_name":"\\u00',
    "no value": b'{"first_name":}',
    "no colon": b'{"first_name" "Ida"}',
    "no key": b'{:"Ida"}',
    "bare key": b'{first_name:"Ida"}',
    "number as key": b'{1:"Ida"}',
    "null as key": b'{null:"Ida"}',
    "single quotes": b"{'first_name':'Ida'}",
    "trailing comma": GOOD[:-1] + b",}",
    "leading comma": b"{," + GOOD[1:],
    "two commas": GOOD.replace(b",", b",,", 1),
    "trailing comma in a list": b'{"a":[1,]}',
    "line comment": GOOD + b"// x",
    "block comment": b"/* x */" + GOOD,
    "hash comment": b"# x\n" + GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16 without mark": GOOD.decode().encode("utf-16-le"),
    "UTF-32": GOOD.decode().encode("utf-32-be"),
    "Latin-1": with_name('"Zoë"'.encode("latin-1")),
    "lone continuation byte": with_name(b'"\x80"'),
    "overlong slash": with_name(b'"\xc0\xaf"'),
    "truncated UTF-8": with_name(b'"\xe2\x82"'),
    "beyond Unicode": with_name(b'"\xf5\x80\x80\x80"'),
    "raw surrogate": with_name(b'"\xed\xa0\x80"'),
    "escaped high surrogate": with_name(b'"\\ud800"'),
    "escaped low surrogate": with_name(b'"\\udc00x"'),
    "surrogates in wrong order": with_name(b'"\\ude00\\ud83d"'),
    "surrogate in a key": b'{"\\ud800":1}',
    "surrogate deep inside": b'{"a":[{"b":["\\udfff"]}]}',
    "raw NUL": with_name(b'"I\x00da"'),
    "escaped NUL": with_name(b'"I\\u0000da"'),
    "escaped NUL in a key": b'{"a\\u0000":1}',
    "escaped NUL deep inside": b'{"a":{"b":["\\u0000"]}}',
    "NUL after the end": GOOD + b"\x00",
    "raw newline": with_name(b'"I\nda"'),
    "raw tab": with_name(b'"I\tda"'),
    "raw escape": with_name(b'"I\x1bda"'),
    "raw carriage return": with_name(b'"I\rda"'),
    "unknown escape": with_name(b'"\\x49da"'),
    "octal escape": with_name(b'"\\101"'),
    "escaped quote": with_name(b'"\\\'"'),
    "bad unicode escape": with_name(b'"\\u00zz"'),
    "signed unicode escape": with_name(b'"\\u+123"'),
    "NaN": with_name(b"NaN"),
    "nan": with_name(b"nan"),
    "Infinity": with_name(b"Infinity"),
    "minus Infinity": with_name(b"-Infinity"),
    "NaN deep inside": b'{"a":[[NaN]]}',
    "huge float": with_name(b"1e400"),
    "huge negative float": with_name(b"-1e400"),
    "huge float without exponent": with_name(b"9" * 400 + b".0"),
    "a number of 5,000 digits": with_name(b"9" * 5000),
    "a number of 400 digits": with_name(b"9" * 400),
    "a negative number of 5,000 digits": with_name(b"-" + b"9" * 5000),
    "huge float deep inside": b'{"a":[{"b":1e999}]}',
    "leading zero": with_name(b"01"),
    "leading plus": with_name(b"+1"),
    "no digit before the point": with_name(b".5"),
    "no digit after the point": with_name(b"1."),
    "no exponent": with_name(b"1e"),
    "two minuses": with_name(b"--1"),
    "hexadecimal": with_name(b"0x1f"),
    "underscore in a number": with_name(b"1_000"),
    "Arabic digits": with_name("١٢".encode()),
    "Arabic digits after one": with_name("1٢".encode()),
    "True": with_name(b"True"),
    "None": with_name(b"None"),
    "undefined": with_name(b"undefined"),
    "truth": with_name(b"tru"),
    "no-break space": b"\xc2\xa0" + GOOD,
    "vertical tab": b"\x0b" + GOOD,
    "a key twice": GOOD[:-1] + b',"first_name":"Eve"}',
    "a key twice with one value": GOOD[:-1] + b',"first_name":"Ida"}',
    "a key twice, once escaped": GOOD[:-1] + b',"first\\u005fname":"Ida"}',
    "a key twice deep inside": GOOD[:-1] + b',"address":{"city":"a","city":"b"}}',
    "a key twice in a list": b'{"a":[{"b":1,"b":1}]}',
    "an unknown key twice": b'{"x":1,"x":2}',
    "an empty key twice": b'{"":1,"":2}',
    "nested 33 deep": b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
    "objects 33 deep": b'{"a":' * 33 + b"1" + b"}" * 33,
    "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "nested 100,000 deep and cut": b"[" * 100_000,
    "objects 50,000 deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "form": b"first_name=Ida&last_name=Quist",
    "XML": b"<patient/>",
    "YAML": b"first_name: Ida",
    "two lines": b'{"a":1}\n{"a":2}',
}


def test_the_table_is_long_enough():
    assert len(MALFORMED) >= 60


def send(someone, body, where="/patients", method="POST", content_type="application/json"):
    return someone.open(method, where, data=body, content_type=content_type)


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_strict_json_is_a_400(app, body):
    admin = signed_in(app, "admin")
    refused(send(admin, body), 400, "bad_json")
    assert admin.get("/patients").json["meta"]["total"] == 0


@pytest.mark.parametrize("name", ["empty", "escaped NUL", "a key twice", "NaN", "nested 33 deep", "UTF-16"])
def test_it_is_a_400_wherever_a_body_is_taken(app, client, name):
    admin = signed_in(app, "admin")
    body = MALFORMED[name]
    made = send(admin, GOOD).json["data"]
    for method in ("PUT", "PATCH"):
        refused(send(admin, body, f"/patients/{made['id']}", method), 400, "bad_json")
        refused(send(admin, body, "/patients/01900000-0000-7000-8000-000000000000", method), 400, "bad_json")
    answer = client.post(f"{API}/auth/login", data=body, content_type="application/json")
    refused(answer, 400, "bad_json")
    doctor = signed_in(app, "doctor")
    refused(send(doctor, body), 400, "bad_json")


@pytest.mark.parametrize("body", [b"[]", b"null", b"true", b"1", b"1.5", b'"text"', b"[{}]", b'""', b"  []  "])
def test_json_that_is_no_object_is_a_422(app, body):
    refused(send(signed_in(app, "admin"), body), 422, "validation_failed")


@pytest.mark.parametrize(
    "name",
    [
        b'"\\u00e9"',
        b'"\\ud83e\\udd8a"',
        b'"\xf0\x9f\xa6\x8a"',
        b'"\\/ \\" \\\\"',
        b'"\xef\xbf\xbe"',
        b'"\xef\xbb\xbf x"',
        b'"&lt;"',
        b'"\xe2\x80\xa8 x"',
    ],
)
def test_odd_but_strict_json_is_taken(app, name):
    answer = send(signed_in(app, "admin"), b"\r\n\t " + with_name(name) + b" \n")
    assert answer.status_code == 201, answer.text
    assert answer.json["data"]["first_name"] == json.loads(name)


def test_depth_32_is_read_and_refused_for_its_content(app):
    body = GOOD[:-1] + b',"address":' + b"[" * 31 + b"]" * 31 + b"}"
    refused(send(signed_in(app, "admin"), body), 422, "validation_failed", "address")


@pytest.mark.parametrize("number", [b"1" * 309, b"1e308", b"-1e-400", b"123456789012345678901234567890", b"-0", b"1E5"])
def test_numbers_that_a_double_holds_are_read_and_refused_for_their_type(app, number):
    answer = send(signed_in(app, "admin"), with_name(number))
    refused(answer, 422, "validation_failed", "first_name")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/xml",
        "multipart/form-data",
        "application/json; charset=latin-1",
    ],
)
def test_other_content_types_are_a_415(app, content_type):
    refused(send(signed_in(app, "admin"), GOOD, content_type=content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", "application/json; charset=UTF-8"])
def test_json_in_utf_8(app, content_type):
    assert send(signed_in(app, "admin"), GOOD, content_type=content_type).status_code == 201


def test_a_body_over_1_mib_is_a_413(app):
    admin = signed_in(app, "admin")
    refused(send(admin, with_name(b'"' + b"x" * 1024 * 1024 + b'"')), 413, "too_large")
    assert send(admin, with_name(b'"' + b"x" * 1000 * 1000 + b'"')).status_code == 422


def test_a_url_over_8_kib_is_a_414(app):
    refused(signed_in(app, "admin").get("/patients?q=" + "x" * 8200), 414, "uri_too_long")


def test_the_401_comes_before_the_400(client):
    assert client.post(f"{API}/patients", data=b"{", content_type="application/json").status_code == 401
