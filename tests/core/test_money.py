"""Amounts are whole minor units inside and decimal strings outside."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from marshmallow import ValidationError

from server.core.fields import Money, Percent
from server.core.money import (
    LARGEST,
    NotMoney,
    format_money,
    format_percent,
    parse_money,
    parse_percent,
    round_minor,
)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        *(("12.50", "USD", 1250), ("12.5", "EUR", 1250), ("-0.01", "USD", -1), ("500", "JPY", 500)),
        *(("1.234", "KWD", 1234), ("1.230", "KWD", 1230)),
    ],
)
def test_a_decimal_string_becomes_minor_units(text, currency, minor):
    assert parse_money(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["1.005", "", " 1", "1 ", "1,00", "NaN", "Infinity", "1e3", "0x10", "1_000", "١٢", "9" * 30, "--1", "1.2.3"]
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(NotMoney):
        parse_money(text, "USD")


@pytest.mark.parametrize(
    ("text", "currency"),
    [("12.500", "USD"), ("12.000", "USD"), (f"1.{'0' * 40}1", "USD"), ("500.0", "JPY"), ("1.2340", "KWD")],
)
def test_more_places_than_the_currency_has_are_refused_whatever_stands_in_them(text, currency):
    with pytest.raises(NotMoney):
        parse_money(text, currency)


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


@pytest.mark.parametrize(
    ("text", "hundredths", "shown"),
    [("7.5", 750, "7.5"), ("7.50", 750, "7.5"), ("0", 0, "0"), ("10", 1000, "10"), ("100.00", 10_000, "100")],
)
def test_a_rate_is_kept_in_hundredths_of_a_percent(text, hundredths, shown):
    assert parse_percent(text) == hundredths
    assert format_percent(hundredths) == shown


@pytest.mark.parametrize("text", ["7.555", "100.01", "101", "-1", "", " 7", "7,5", "7.", ".5", "1e1", "٧", "7\n"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(NotMoney):
        parse_percent(text)


@given(st.integers(0, 10_000))
def test_a_rate_comes_back_as_it_was(hundredths):
    assert parse_percent(format_percent(hundredths)) == hundredths


@pytest.mark.parametrize("value", [7.5, 7, True, None, ["7"], "7.555"])
def test_the_field_of_a_rate_takes_strings_only(value):
    with pytest.raises(ValidationError):
        Percent().deserialize(value)
