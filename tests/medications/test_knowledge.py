"""What is known of drugs: keys, classes, pairs, doses, schedules."""

import uuid
from decimal import Decimal
from itertools import pairwise

import pytest

from server.core.db import db, reading
from server.core.errors import Invalid
from server.core.text import fold_key
from server.core.uow import command
from server.modules.medications.enums import Interaction, Schedule
from server.modules.medications.knowledge import (
    class_named,
    classes_of_ingredient,
    cross_classes,
    dose_limits,
    interactions_among,
    key_of,
    shared_allergy_classes,
    substances_of,
)
from server.modules.medications.knowledge.interactions import side_of
from server.modules.medications.knowledge.naming import read_name, substances_in
from server.modules.medications.knowledge.tables import listed, read_table
from server.modules.medications.models import DrugInteraction
from server.modules.medications.service.catalogue import by_rxnorm, require
from server.modules.medications.service.controlled import schedule_of
from tests.medications.support import add, statements_of

TABLES = ("names", "classes", "ingredient_classes", "cross_reactions", "interactions", "dose_limits", "controlled")


@pytest.mark.parametrize("name", TABLES)
def test_each_line_names_its_source(name):
    rows = read_table(name)
    assert rows
    assert all(row["source"].strip() and None not in row and None not in row.values() for row in rows)


def test_the_tables_fit_together():
    classes = {fold_key(row["class"]) for row in read_table("classes")}
    assert len(classes) == len(read_table("classes"))
    for row in read_table("classes"):
        assert set(map(fold_key, listed(row["part_of"]))) <= classes, row
    for row in read_table("ingredient_classes"):
        assert set(map(fold_key, listed(row["classes"]))) <= classes, row
    for row in read_table("cross_reactions"):
        assert {fold_key(row["class"]), fold_key(row["other"])} <= classes, row
    ingredients = [key_of(row["ingredient"]) for row in read_table("ingredient_classes")]
    assert len(set(ingredients)) == len(ingredients) >= 150
    pairs = [frozenset((side_of(row["a"]), side_of(row["b"]))) for row in read_table("interactions")]
    assert len(set(pairs)) == len(pairs) >= 60
    assert {row["severity"] for row in read_table("interactions")} <= set(Interaction)
    assert {row["schedule"] for row in read_table("controlled")} == set(Schedule)


def test_bounds_of_an_age_do_not_overlap():
    rows = {}
    for row in read_table("dose_limits"):
        until = Decimal(row["until_years"]) if row["until_years"] else Decimal(999)
        rows.setdefault(key_of(row["ingredient"]), []).append((Decimal(row["from_years"]), until))
    assert len(rows) >= 40
    for spans in rows.values():
        spans.sort()
        assert all(begin < end for begin, end in spans)
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Amoxicillin trihydrate", "amoxicillin"),
        ("AMPHETAMINE ASPARTATE MONOHYDRATE", "amphetamine"),
        ("potassium chloride", "potassium chloride"),
        ("Potassium", "potassium"),
        ("Penicillin G Potassium", "penicillin g"),
        ("benzylpenicillin", "penicillin g"),
        ("Paracetamol", "acetaminophen"),
        ("Divalproex Sodium", "valproate"),
        ("ferrous sulfate", "ferrous sulfate"),
        ("magnesium sulfate", "magnesium sulfate"),
        ("naproxen sodium", "naproxen"),
        ("sulfate", "sulfate"),
        ("", ""),
    ],
)
def test_a_substance_is_one_whichever_salt_and_name(name, key):
    assert key_of(name) == key
    assert key_of(key) == key


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("Penicillins", {"penicillins"}),
        ("penicillin allergy", {"penicillins"}),
        ("Allergy to penicillin", {"penicillins"}),
        ("sulfa drugs", {"sulfonamide antibiotics"}),
        ("Sulfa", {"sulfonamide antibiotics"}),
        ("NSAIDs", {"nsaids"}),
        ("Non-steroidal anti-inflammatory agents", {"nsaids"}),
        ("cephalosporin antibiotics", {"cephalosporins"}),
        ("Statins", {"statins"}),
        ("Penicillin V", set()),
        ("aspirin", set()),
        ("Latex allergy", set()),
        ("Allergy", set()),
        ("...", set()),
    ],
)
def test_which_classes_a_text_means(text, classes):
    assert class_named(text) == classes


def test_classes_come_with_those_above_them():
    assert classes_of_ingredient("amoxicillin") == {"penicillins", "betalactam antibiotics"}
    assert {"ssris", "serotonergic drugs"} <= classes_of_ingredient("sertraline")
    assert classes_of_ingredient("water") == frozenset()
    assert {"penicillins", "nsaids"} <= shared_allergy_classes()
    assert "opioids" not in shared_allergy_classes()


def test_an_allergy_may_cross_both_ways():
    assert "cephalosporins" in {one.class_key for one in cross_classes("penicillins")}
    assert "penicillins" in {one.class_key for one in cross_classes("cephalosporins")}
    assert cross_classes("statins") == ()


def test_pairs_of_ingredients_and_classes(app):
    with app.app_context():
        (pair,) = interactions_among(reading(), {"simvastatin", "statins"}, {"clarithromycin", "macrolides"})
        assert (pair.a_key, pair.b_key, pair.severity) == ("clarithromycin", "simvastatin", "contraindicated")
        assert pair.source.startswith("FDA label")
        assert interactions_among(reading(), {"clarithromycin"}, {"simvastatin"}) == [pair]
        found = interactions_among(
            reading(), classes_of_ingredient("sildenafil"), classes_of_ingredient("nitroglycerin")
        )
        assert [(one.a_key, one.b_key, one.severity) for one in found] == [
            ("nitrates", "pde5 inhibitors", "contraindicated")
        ]
        assert interactions_among(reading(), {"simvastatin"}, {"simvastatin"}) == []
        assert interactions_among(reading(), set(), {"warfarin"}) == []


def test_what_was_imported_stands_in_place_of_what_is_shipped(app):
    with app.app_context(), command("tests.interactions"):
        ours = {"message": "Ours", "source": "Formulary"}
        db.session.add(DrugInteraction(a_key="clarithromycin", b_key="simvastatin", severity="info", **ours))
        db.session.add(DrugInteraction(a_key="kava", b_key="zinc", severity="warning", **ours))
    with app.app_context():
        (pair,) = interactions_among(reading(), {"simvastatin"}, {"clarithromycin"})
        assert (pair.severity, pair.message) == ("info", "Ours")
        assert [one.severity for one in interactions_among(reading(), {"zinc"}, {"kava"})] == ["warning"]
        assert interactions_among(reading(), {"zinc", "kava"}, {"other"}) == []


DAYS = 365


@pytest.mark.parametrize(
    ("ingredient", "age", "weight", "single", "daily"),
    [
        ("acetaminophen", 40 * DAYS, None, 1000, 4000),
        ("acetaminophen", 5 * DAYS, Decimal(20), 300, 1500),
        ("acetaminophen", 11 * DAYS, Decimal(80), 1000, 4000),
        ("acetaminophen", 5 * DAYS, None, 1000, 4000),
        ("codeine", 11 * DAYS, Decimal(30), 0, 0),
        ("codeine", 40 * DAYS, None, 60, 360),
        ("citalopram", 59 * DAYS, None, 40, 40),
        ("citalopram", 61 * DAYS, None, 20, 20),
    ],
)
def test_bounds_by_age_and_weight(ingredient, age, weight, single, daily):
    limit = dose_limits(ingredient, age, weight)
    assert limit is not None
    assert (limit.max_single, limit.max_daily, limit.unit) == (single, daily, "mg")
    assert limit.source


@pytest.mark.parametrize(("ingredient", "age"), [("water", 40 * DAYS), ("losartan", 3 * DAYS), ("acetaminophen", 30)])
def test_where_no_bounds_are_known(ingredient, age):
    assert dose_limits(ingredient, age, Decimal(10)) is None


@pytest.mark.parametrize(
    ("ingredients", "form", "schedule"),
    [
        (["codeine phosphate"], "Oral Tablet", "II"),
        (["acetaminophen", "codeine phosphate"], "Oral Tablet", "III"),
        (["codeine phosphate", "promethazine"], "Oral Solution", "V"),
        (["chlorpheniramine polistirex", "codeine"], "Extended Release Suspension", "III"),
        (["acetaminophen", "hydrocodone bitartrate"], "Oral Tablet", "II"),
        (["dronabinol"], "Oral Capsule", "III"),
        (["dronabinol"], "Oral Solution", "II"),
        (["diazepam", "morphine"], None, "II"),
        (["amoxicillin"], "Oral Capsule", None),
        ([], None, None),
    ],
)
def test_schedules_by_what_is_in_a_product(ingredients, form, schedule):
    assert schedule_of(ingredients, form) == schedule


@pytest.mark.parametrize(
    ("name", "parts", "form", "brand"),
    [
        ("amoxicillin 500 MG Oral Capsule", [("amoxicillin", "500 MG")], "Oral Capsule", None),
        (
            "12 HR brompheniramine maleate 6 MG / phenylephrine hydrochloride 30 MG Extended Release Oral Tablet",
            [("brompheniramine maleate", "6 MG"), ("phenylephrine hydrochloride", "30 MG")],
            "Extended Release Oral Tablet",
            None,
        ),
        ("NDA020800 0.3 ML Epinephrine 1 MG/ML Auto-Injector", [("Epinephrine", "1 MG/ML")], "Auto-Injector", None),
        ("Hydrocodone 5 MG [Vicodin]", [("Hydrocodone", "5 MG")], None, "Vicodin"),
        ("Clonazepam [Klonopin]", [("Clonazepam", None)], None, "Klonopin"),
        ("Vitamin B 12 5 MG/ML Injectable Solution", [("Vitamin B 12", "5 MG/ML")], "Injectable Solution", None),
        ("Lasix 40mg", [("Lasix", "40mg")], None, None),
        ("Amoxicillin", [("Amoxicillin", None)], None, None),
        ("Yaz 28 Day Pack", [("Yaz", None)], None, None),
    ],
)
def test_names_as_rxnorm_writes_them(name, parts, form, brand):
    read = read_name(name)
    assert [(part.substance, part.strength) for part in read.parts] == parts
    assert (read.form, read.brand) == (form, brand)


def test_names_as_people_write_them():
    assert substances_in("Amoxicillin/Clavulanate 500/125 mg tablet") == ["Amoxicillin", "Clavulanate"]
    assert substances_in("Codeine with Paracetamol + codeine phosphate") == ["Codeine", "Paracetamol"]


def test_what_is_in_products_in_three_statements(app, pharmacist):
    both = [{"name": "Amoxicillin trihydrate", "rxnorm_code": "723"}, {"name": "clavulanate"}]
    first = add(pharmacist, ingredients=both, drug_classes=["Reserve antibiotics"], strength="500 MG", form="Tablet")
    plain = add(pharmacist, name="Sertraline 50 MG Oral Tablet")
    generic = add(pharmacist, name="Sulfatrim", generic_name="sulfamethoxazole and trimethoprim")
    ids = [uuid.UUID(one["id"]) for one in (first, plain, generic)]
    with app.app_context():
        found, sent = statements_of(lambda: substances_of(reading(), [*ids, uuid.uuid4()]))
    assert len(sent) == 3
    assert set(found) == set(ids)
    one = found[ids[0]]
    assert [(part.name, part.key, part.rxnorm_code) for part in one.ingredients] == [
        ("Amoxicillin trihydrate", "amoxicillin", "723"),
        ("clavulanate", "clavulanate", None),
    ]
    assert one.classes == {"reserve antibiotics", "penicillins", "betalactam antibiotics"}
    assert (one.strength, one.form, one.controlled_schedule) == ("500 MG", "Tablet", None)
    # Where nobody said what is in it, its names do.
    assert "ssris" in found[ids[1]].classes
    assert "sulfonamide antibiotics" in found[ids[2]].classes


def test_a_class_that_is_said_in_other_words_is_the_same(app, pharmacist):
    made = add(pharmacist, name="Thing", drug_classes=["penicillin class antibiotics"])
    with app.app_context():
        found = substances_of(reading(), [uuid.UUID(made["id"])])[uuid.UUID(made["id"])]
    assert found.classes == {"penicillins", "betalactam antibiotics"}


def test_the_product_of_a_code_is_found_or_made(app, pharmacist):
    known = add(pharmacist, rxnorm_code="308191")
    add(pharmacist, name="furosemide 40 MG Oral Tablet", brands=["Lasix"], ingredients=[{"name": "furosemide"}])
    with app.app_context(), command("tests.by_rxnorm"):
        assert str(by_rxnorm("308191", "Another name").id) == known["id"]
        made = by_rxnorm("1310197", "Acetaminophen 300 MG / HYDROcodone Bitartrate 5 MG [Vicodin]")
        assert by_rxnorm("1310197", "The same").id == made.id
        assert (made.controlled_schedule, made.prescription_required, made.brands) == ("II", True, "Vicodin")
        assert made.strength == "300 MG / 5 MG"
        brand = by_rxnorm("315971", "Lasix 40mg")
        ids = [made.id, brand.id]
    with app.app_context():
        found = substances_of(reading(), ids)
    assert [one.key for one in found[ids[0]].ingredients] == ["acetaminophen", "hydrocodone"]
    assert [one.key for one in found[ids[1]].ingredients] == ["furosemide"]


def test_what_is_required_is_in_the_catalogue(app, pharmacist):
    made = add(pharmacist)
    with app.app_context(), command("tests.require"):
        assert require(uuid.UUID(made["id"]), "items.0.medication_id").name == made["name"]
        with pytest.raises(Invalid) as refusal:
            require(uuid.uuid4(), "items.0.medication_id")
        assert set(refusal.value.errors) == {"items.0.medication_id"}
    pharmacist.delete(f"/medications/{made['id']}", headers={"If-Match": '"1"'})
    with app.app_context(), command("tests.require"), pytest.raises(Invalid):
        require(uuid.UUID(made["id"]), "medication_id")
