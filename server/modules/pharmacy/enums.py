"""The words of the pharmacy's counter."""

from enum import StrEnum


class PaymentMethod(StrEnum):
    """How something is paid."""

    CASH = "cash"
    CREDIT_CARD = "credit_card"
    DEBIT_CARD = "debit_card"
    BANK_TRANSFER = "bank_transfer"
    MOBILE = "mobile"
    INSURANCE = "insurance"
    VOUCHER = "voucher"
