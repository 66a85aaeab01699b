"""The shapes of specialties."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, SearchText, SortKeys

CODE = r"^[a-z0-9]+([_-][a-z0-9]+)*$"


class SpecialtyCode(fields.String):
    """A slug such as `cardiology`."""

    def __init__(self, **kwargs: Any) -> None:
        published = {
            "pattern": "^(general_practice|cardiology|dermatology|pediatrics)$",
            "description": "Published narrower than it is: the codes are those of `/specialties`.",
        }
        checks = [validate.Length(1, 60), f.Matches(CODE, error="Expected a slug such as general_practice.")]
        super().__init__(validate=checks, metadata={**published, **kwargs.pop("metadata", {})}, **kwargs)


class SpecialtyPut(Body):
    """What an admin writes of a specialty; a new one without a code gets it from its name."""

    code = SpecialtyCode(metadata={"pattern": CODE, "description": "A slug."})
    name = f.Line(most=100, required=True)


class SpecialtyIn(SpecialtyPut):
    """A new specialty."""

    id = f.Id()


class SpecialtyOut(Out):
    """A specialty."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class SpecialtyQuery(ListQuery):
    """A page of specialties."""

    q = SearchText()
    sort = SortKeys("name")
