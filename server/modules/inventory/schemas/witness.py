"""The witness whom a body names."""

from __future__ import annotations

from marshmallow import fields

from server.core import fields as f
from server.core.schema import Body


class WitnessIn(Body):
    """A colleague who stands by, with their own password; nothing of it is stored but who it was."""

    identifier = f.Line(required=True, most=254)
    password = fields.String(required=True, metadata={"format": "password", "writeOnly": True})


class Witnessed(Body):
    """A body that may name a witness: it must where controlled stock is moved."""

    witness = fields.Nested(WitnessIn)
