"""Demo data: the same seed makes the same people, once, never in production; each account can sign in."""

import re
import secrets

import pytest

from server.core.access import Role
from server.demo import DemoRefused, seed
from tests.factories.database import everything, query
from tests.fhir.tools import content, rows

TIMES = {"created_at", "updated_at", "received_at", "starts_at"}


def set_up(app, monkeypatch, demo="1"):
    monkeypatch.setenv("DEMO", demo)
    return app.test_cli_runner().invoke(args=["setup", "demo"])


def sign_in(client, email, password):
    return client.post("/api/v1/auth/login", json={"email": email, "password": password})


def plain(app):
    """Return what a seed decides: all but times and the ids that every row gets at random."""
    held = content(app)
    found = {
        name: [{key: value for key, value in row.items() if key not in TIMES} for row in held[name]]
        for name in ("patients", "allergies", "conditions")
    }
    team = ((str(row["patient_id"]), str(row["user_id"]), row["role"]) for row in rows(app, "care_relations"))
    doctors = [{key: value for key, value in row.items() if key not in {*TIMES, "user_id"}} for row in held["doctors"]]
    windows = ("doctor_id", "weekday", "start_minute", "end_minute", "slot_minutes")
    hours = sorted(str([row[name] for name in windows]) for row in rows(app, "availability_windows"))
    return {**found, "doctors": doctors, "team": sorted(team), "hours": hours}


def test_the_same_seed_makes_the_same_content(app, leg, make_app):
    made = []
    for number in (7, 7, 8):
        other = make_app(DATABASE_URI=leg.empty_database())
        assert other.test_cli_runner().invoke(args=["db", "upgrade", "-d", "migrations"]).exit_code == 0
        with other.app_context():
            seed(patients=25, seed=number)
        made.append(plain(other))
    assert made[0] == made[1]
    assert made[0] != made[2]
    names = " ".join(row["first_name"] + row["last_name"] for row in made[0]["patients"])
    for letters in ("[\u0600-\u06ff]", "[\u4e00-\u9fff]", "[À-ž]", "[А-я]", "['’]", "-"):
        assert re.search(letters, names), letters
    assert made[0]["allergies"]
    assert made[0]["conditions"]
    assert made[0]["team"]
    assert [row["license_number"] for row in sorted(made[0]["doctors"], key=lambda row: row["license_number"])] == [
        f"DEMO-{1000 + number}" for number in range(6)
    ]
    assert len(made[0]["hours"]) == 6 * 11
    assert {row["primary_doctor_id"] for row in made[0]["patients"]} > {row["id"] for row in made[0]["doctors"]}


def test_set_up_makes_accounts_for_each_role_and_tells_once(app, client, monkeypatch, caplog):
    result = set_up(app, monkeypatch)
    assert result.exit_code == 0
    assert result.stderr == ""
    accounts = dict(re.findall(r"(\S+@demo\.example)\s+(\S+)", result.stdout))
    assert set(accounts) == {f"{role}@demo.example" for role in Role}
    (password,) = set(accounts.values())
    assert len(rows(app, "patients")) == 60
    assert password not in everything(app)
    assert password not in caplog.text
    for email in accounts:
        assert sign_in(client, email, password).status_code == 200, email
    before = content(app)
    assert set_up(app, monkeypatch).output == ""
    assert content(app) == before


def test_there_is_something_to_treat_with_and_to_charge(app, monkeypatch):
    set_up(app, monkeypatch)
    assert len(rows(app, "services")) == 8
    assert {row["on_hand"] > 0 for row in rows(app, "items")} == {True}
    assert len(rows(app, "stock_movements")) == len(rows(app, "items")) == 16
    products = {row["item_id"]: row["prescription_required"] for row in rows(app, "medications")}
    assert {row["id"] for row in rows(app, "items") if row["kind"] == "medication"} == products.keys()
    assert set(products.values()) == {True, False}
    # What is controlled is in the register from its first lot on.
    assert [row["balance"] for row in rows(app, "controlled_entries")] == [100]


def test_the_demo_doctor_sees_the_care_team_and_the_demo_patient_a_chart(app, client, monkeypatch):
    accounts = dict(re.findall(r"(\S+@demo\.example)\s+(\S+)", set_up(app, monkeypatch).stdout))

    def get(role, path):
        email = f"{role}@demo.example"
        token = sign_in(client, email, accounts[email]).json["data"]["access_token"]
        return client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}).json

    assert 0 < get("doctor", "/patients")["meta"]["total"] < 60
    assert get("doctor", "/doctors/me/profile")["data"]["specialties"] == ["general_practice", "internal_medicine"]
    assert get("patient", "/doctors?specialty=cardiology")["meta"]["total"] == 1
    assert get("receptionist", "/patients")["meta"]["total"] == 60
    own = get("patient", "/auth/me")["data"]["patient_id"]
    assert get("patient", f"/patients/{own}")["data"]["name"] == "Grace O'Brien"


def test_without_demo_only_an_admin_is_made(app, client, monkeypatch):
    result = set_up(app, monkeypatch, demo="0")
    assert re.findall(r"\S+@demo\.example", result.stdout) == ["admin@demo.example"]
    assert rows(app, "patients") == []
    password = re.search(r"admin@demo\.example\s+(\S+)", result.stdout)[1]
    assert sign_in(client, "admin@demo.example", password).status_code == 200
    assert set_up(app, monkeypatch, demo="0").output == ""
    assert query(app, "SELECT count(*) AS n FROM users") == [{"n": 1}]


def test_demo_data_keeps_out_of_a_database_with_patients(app, monkeypatch, tmp_path):
    path = tmp_path / "patients.csv"
    path.write_text("name,sex,date_of_birth\nAna Real,female,1980-02-03\n")
    app.test_cli_runner().invoke(args=["import", "patients", str(path)])
    result = set_up(app, monkeypatch)
    assert re.findall(r"\S+@demo\.example", result.stdout) == ["admin@demo.example"]
    assert len(rows(app, "patients")) == 1
    with app.app_context(), pytest.raises(DemoRefused, match="patients already"):
        seed(patients=1, seed=1)


def test_production_makes_nothing_and_says_what_to_do(app, monkeypatch, make_app):
    key = secrets.token_urlsafe(40)
    production = make_app(
        APP_ENV="production",
        JWT_SECRET_KEY=key,
        AUDIT_SEAL_KEY=key,
        ALLOWED_ORIGINS="https://clinic.example",
        FRONTEND_URL="https://clinic.example",
    )
    result = set_up(production, monkeypatch)
    assert result.exit_code == 0
    assert "create_admin.py" in result.output
    with production.app_context(), pytest.raises(DemoRefused, match="Production"):
        seed(patients=1, seed=1)
    assert query(app, "SELECT count(*) AS n FROM users") == [{"n": 0}]
    assert rows(app, "patients") == []


def test_doctors_who_are_there_are_not_made_again(app):
    with app.app_context():
        for _ in range(2):
            seed(patients=0, seed=3)
        seed(patients=2, seed=4)
    made = rows(app, "doctors")
    # Another seed makes the same five once more under other ids; the demo doctor has one profile.
    assert len(made) == 11
    assert sum(row["user_id"] is not None for row in made) == 1
