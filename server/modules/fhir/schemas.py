"""The shapes of what comes in beside the patients module's own."""

from __future__ import annotations

from server.core import fields as f
from server.core.schema import Body


class IdentifierIn(Body):
    """A number that another system gave a patient."""

    system = f.Line(200)
    value = f.Line(200, required=True)
    type = f.Line(200)
