"""Amounts are whole minor units inside and decimal strings outside."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from marshmallow import ValidationError

from server.core.fields import Money
from server.core.money import LARGEST, NotMoney, format_money, parse_money, round_minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "USD", 1250), ("12.5", "EUR", 1250), ("-0.01", "USD", -1), ("500", "JPY", 500), ("1.234", "KWD", 1234)],
)
def test_a_decimal_string_becomes_minor_units(text, currency, minor):
    assert parse_money(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["1.005", "", " 1", "1 ", "1,00", "NaN", "Infinity", "1e3", "0x10", "1_000", "١٢", "9" * 30, "--1", "1.2.3"]
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(NotMoney):
        parse_money(text, "USD")


@given(st.integers(-LARGEST // 100, LARGEST // 100), st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_there_and_back_changes_nothing(minor, currency):
    assert parse_money(format_money(minor, currency), currency) == minor


@pytest.mark.parametrize(("amount", "minor"), [("0.5", 1), ("1.5", 2), ("2.5", 3), ("-0.5", -1), ("2.4999", 2)])
def test_halves_are_rounded_up(amount, minor):
    assert round_minor(Decimal(amount)) == minor


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("value", [12.5, 12, True, None, "1.005", ["1"]])
def test_the_field_takes_strings_only(app, value):
    with app.app_context(), pytest.raises(ValidationError):
        Money().deserialize(value)


@pytest.mark.only("sqlite")
def test_the_field_goes_by_the_clinics_currency(app):
    with app.app_context():
        assert Money().deserialize("12.50") == 1250
        assert Money().serialize("price", {"price": 1250}) == "12.50"
