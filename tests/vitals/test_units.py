"""Units: exact factors, each kind in its own units only, absolute limits on the canonical value."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from server.modules.vitals.enums import Kind
from server.modules.vitals.units import MEASURES, SENDABLE, BeyondLimits, UnknownUnit, canonical

# Expected values worked out by hand from the definitions: 1 lb = 0.45359237 kg, 1 in = 2.54 cm, F = 1.8 C + 32,
# glucose 180.156 g/mol.
CONVERTED = [
    ("temperature", "98.6", "[degF]", "37.0"),
    ("temperature", "100.4", "[degF]", "38.0"),
    ("temperature", "77", "[degF]", "25.0"),
    ("temperature", "113", "[degF]", "45.0"),
    ("temperature", "99.5", "[degF]", "37.5"),
    ("temperature", "36.65", "Cel", "36.65"),
    ("weight", "154", "[lb_av]", "69.85"),
    ("weight", "1", "[lb_av]", "0.45"),
    ("weight", "150", "[lb_av]", "68.04"),
    ("weight", "3125", "g", "3.125"),
    ("weight", "70.25", "kg", "70.25"),
    ("height", "65", "[in_i]", "165.1"),
    ("height", "69", "[in_i]", "175.3"),
    ("height", "1.75", "m", "175.00"),
    ("height", "175", "cm", "175"),
    ("glucose", "5.5", "mmol/L", "99.1"),
    ("glucose", "10", "mmol/L", "180.2"),
    ("glucose", "99", "mg/dL", "99"),
]

LIMITS = [
    ("heart_rate", 10, 300),
    ("systolic", 30, 300),
    ("diastolic", 10, 200),
    ("temperature", 25, 45),
    ("respiratory_rate", 2, 100),
    ("spo2", 10, 100),
    ("weight", Decimal("0.2"), 650),
    ("height", 20, 275),
    ("glucose", 5, 2000),
    ("pain", 0, 10),
]


@pytest.mark.parametrize(("kind", "value", "unit", "wanted"), CONVERTED)
def test_a_value_in_the_canonical_unit(kind, value, unit, wanted):
    assert str(canonical(Kind(kind), Decimal(value), unit)) == wanted


@pytest.mark.parametrize(("kind", "low", "high"), LIMITS)
def test_absolute_limits_hold_on_both_sides(kind, low, high):
    unit, little = MEASURES[Kind(kind)].unit, Decimal("0.001")
    for value in (Decimal(low), Decimal(high)):
        assert canonical(Kind(kind), value, unit) == value
    for value in (Decimal(low) - little, Decimal(high) + little):
        with pytest.raises(BeyondLimits):
            canonical(Kind(kind), value, unit)


def test_limits_hold_on_the_converted_value_before_it_is_rounded():
    with pytest.raises(BeyondLimits):
        canonical(Kind.TEMPERATURE, Decimal("113.01"), "[degF]")
    with pytest.raises(BeyondLimits):
        canonical(Kind.WEIGHT, Decimal("199.9"), "g")


@pytest.mark.parametrize("kind", SENDABLE)
def test_a_kind_takes_its_own_units_and_no_other(kind):
    measure = MEASURES[kind]
    everything = {unit for one in MEASURES.values() for unit in one.accepted} | {"", "kg ", "bpm", "°C", "lb", "MM[HG]"}
    for unit in everything - set(measure.accepted):
        with pytest.raises(UnknownUnit) as refusal:
            canonical(kind, Decimal(50), unit)
        assert all(accepted in str(refusal.value) for accepted in measure.accepted)


@given(st.decimals(26, 44, places=1))
def test_fahrenheit_there_and_back_is_within_half_a_tenth(celsius):
    fahrenheit = celsius * Decimal("1.8") + 32
    assert canonical(Kind.TEMPERATURE, fahrenheit, "[degF]") == celsius


def test_the_limits_are_those_of_every_kind_that_can_be_sent():
    assert {kind for kind, *_ in LIMITS} == set(SENDABLE)
