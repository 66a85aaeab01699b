"""The pharmacy: filling prescriptions, selling over the counter, the register of controlled drugs."""

from flask import Flask

from server.modules.inventory import recalls
from server.modules.patients import told
from server.modules.pharmacy import models as _tables, policies  # noqa: F401 - tables are known
from server.modules.pharmacy.queries.given import given_of_lots
from server.modules.pharmacy.queries.sold import sold_of_lots
from server.modules.pharmacy.service import register
from server.modules.pharmacy.service.dispensing.reversing import on_prescription_ended
from server.modules.prescriptions import signals as of_prescriptions


def init_module(app: Flask) -> None:
    """Grant the permissions, and keep the register of controlled drugs whatever moves their stock.

    What is laid ready on a prescription goes back when that ends, and a recall learns who was handed out of a lot or
    bought of it.
    """
    app.extensions["grid"].add(policies.GRANTS)
    told.name_kind("transactions", "Purchases at the counter")
    register.install()
    recalls.add_given(given_of_lots)
    recalls.add_given(sold_of_lots)
    of_prescriptions.ended.connect(on_prescription_ended)
