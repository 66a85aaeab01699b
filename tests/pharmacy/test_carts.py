"""A thousand carts against sums that are counted in another way: with decimals, by the words of the contract."""

import os
import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from server.core.errors import Invalid
from server.modules.pharmacy.service.totals import PaymentShort, change_of, cost_of, refund_of, sum_of
from tests.factories.people import signed_in
from tests.factories.stock import shelf
from tests.inventory.support import reconciled
from tests.pharmacy.support import make_drug, sell

CENT = Decimal("0.01")
METHODS = ("cash", "credit_card", "debit_card", "bank_transfer", "mobile", "insurance", "voucher")
# Over HTTP a few of them; CARTS=1000 sells all.
OVER_HTTP = int(os.environ.get("CARTS", "40"))


def half_up(amount):
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def expected(quantity, price, rate):
    """Return subtotal, tax and total of a line as its buyer would count them by hand."""
    subtotal = price * quantity
    tax = half_up(subtotal * rate / 100)
    return subtotal, tax, subtotal + tax


def some_line(dice):
    price = Decimal(dice.choice([0, 1, 33, 99, 100, 125, 1999, dice.randrange(100_000)])) / 100
    rate = Decimal(dice.choice([0, 0, 500, 700, 750, 825, 1900, dice.randrange(10_001)])) / 100
    return dice.choice([1, 1, 2, 3, 7, dice.randrange(1, 500)]), price, rate


def some_payments(dice, total):
    """Return payments and the change of them (None: they are short; False: change of something else than cash)."""
    parts = [(dice.choice(METHODS), Decimal(dice.randrange(1, 5_000)) / 100) for _ in range(dice.randrange(3))]
    if dice.random() < 0.6:
        missing = total - sum(amount for _, amount in parts)
        if missing > 0:
            parts.append((dice.choice(METHODS), missing + dice.choice([0, 0, 0, 1, 5]) * CENT * 100))
    paid = sum(amount for _, amount in parts)
    in_cash = sum(amount for method, amount in parts if method == "cash")
    if paid < total:
        return parts, None
    return parts, paid - total if paid - in_cash <= total else False


def minor(amount):
    return int(amount * 100)


@pytest.mark.parametrize("seed", range(10))
def test_sums_are_those_that_decimals_give(seed):
    dice = random.Random(seed)
    for _ in range(100):
        lines = [some_line(dice) for _ in range(dice.randrange(1, 8))]
        costs = [cost_of(quantity, minor(price), minor(rate)) for quantity, price, rate in lines]
        right = [expected(*line) for line in lines]
        assert [(one.subtotal, one.tax, one.total) for one in costs] == [tuple(map(minor, one)) for one in right]
        total = sum(one[2] for one in right)
        assert sum_of(costs).total == minor(total)
        payments, change = some_payments(dice, total)
        sent = [{"method": method, "amount": minor(amount)} for method, amount in payments]
        if change is None:
            with pytest.raises(PaymentShort):
                change_of(sent, minor(total))
        elif change is False:
            with pytest.raises(Invalid):
                change_of(sent, minor(total))
        else:
            assert change_of(sent, minor(total)) == minor(change)
        for (quantity, _, _), (_, _, line_total) in zip(lines, right, strict=True):
            left, given = quantity, 0
            while left:
                part = dice.randrange(1, left + 1)
                amount = refund_of(minor(line_total), quantity, quantity - left, part)
                assert abs(amount - minor(line_total) * part / quantity) <= 1
                assert amount >= 0
                left, given = left - part, given + amount
                assert given <= minor(line_total)
            assert given == minor(line_total)


def test_carts_over_http(app):
    dice, cashier = random.Random(2026), signed_in(app, "cashier")
    facts = [some_line(dice) for _ in range(12)]
    drugs = [
        make_drug(app, stock=1_000_000, price=str(price.quantize(CENT)), tax_rate=str(rate)) for _, price, rate in facts
    ]
    left = dict.fromkeys(range(len(drugs)), 1_000_000)
    for _ in range(OVER_HTTP):
        chosen = [(dice.randrange(len(drugs)), dice.randrange(1, 60)) for _ in range(dice.randrange(1, 6))]
        right = [expected(quantity, *facts[which][1:]) for which, quantity in chosen]
        total = sum(one[2] for one in right)
        payments, change = some_payments(dice, total)
        lines = [{"medication_id": drugs[which].id, "quantity": quantity} for which, quantity in chosen]
        if dice.random() < 0.3:
            lines[0]["unit_price"] = "0.01"
        sent = [{"method": method, "amount": str(amount.quantize(CENT))} for method, amount in payments]
        answer = sell(cashier, lines, payments=sent)
        if lines[0].get("unit_price") not in (None, drugs[chosen[0][0]].price):
            assert (answer.status_code, answer.json["code"]) == (409, "price_changed")
            continue
        if change is None or change is False:
            code = "payment_short" if change is None else "validation_failed"
            assert (answer.status_code, answer.json["code"]) == (422, code), answer.text
            continue
        assert answer.status_code == 201, answer.text
        sale = answer.json["data"]
        for which, quantity in chosen:
            left[which] -= quantity
        assert [(one["subtotal"], one["tax"], one["total"]) for one in sale["lines"]] == [
            tuple(str(amount.quantize(CENT)) for amount in one) for one in right
        ]
        assert (Decimal(sale["total"]), Decimal(sale["change"])) == (total, change)
        assert Decimal(sale["subtotal"]) + Decimal(sale["tax"]) == Decimal(sale["total"])
        assert sum(Decimal(one["amount"]) for one in sale["payments"]) - Decimal(sale["change"]) == total
        refund_all(cashier, sale, dice)
    assert {number: shelf(app, drug.item_id).on_hand for number, drug in enumerate(drugs)} == left
    assert reconciled(app).differences == []


def refund_all(cashier, sale, dice):
    """Refund a sale in parts until nothing of it is left: just its total."""
    left = {line["id"]: line["quantity"] for line in sale["lines"]}
    while left:
        some = {line_id: dice.randrange(1, count + 1) for line_id, count in left.items() if dice.random() < 0.7}
        if not some:
            continue
        lines = [{"line_id": line_id, "quantity": quantity} for line_id, quantity in some.items()]
        answer = cashier.post(f"/transactions/{sale['id']}/refund", json={"lines": lines, "reason": "Torn"})
        assert answer.status_code == 200, answer.text
        left = {line_id: count - some.get(line_id, 0) for line_id, count in left.items()}
        left = {line_id: count for line_id, count in left.items() if count}
    shown = answer.json["data"]
    assert shown["refunded"] == shown["total"]
    assert [line["refunded_amount"] for line in shown["lines"]] == [line["total"] for line in shown["lines"]]
    assert sum(Decimal(one["amount"]) for one in shown["refunds"]) == Decimal(shown["total"])
