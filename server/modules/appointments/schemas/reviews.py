"""The shapes of reviews."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from marshmallow import fields

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, SortKeys, TextFlag

_LONGEST_COMMENT = 2_000
_MAYBE = {"type": ["object", "null"]}


class ReviewIn(Body):
    """A rating of one completed appointment: the one that is named, else the latest that has no review yet."""

    id = f.Id()
    rating = f.Count(1, 5, required=True)
    comment = f.Paragraphs(most=_LONGEST_COMMENT, allow_none=True, load_default=None)
    appointment_id = f.Id(allow_none=True, load_default=None)
    show_name = f.Flag(load_default=False, metadata={"description": "Show first name and initial instead of nobody."})


class ReviewChange(Body):
    """What its author changes of a review, or whether a moderator hides it, and why."""

    rating = f.Count(1, 5)
    comment = f.Paragraphs(most=_LONGEST_COMMENT, allow_none=True)
    show_name = f.Flag()
    hidden = f.Flag(metadata={"description": "For `reviews:moderate`; hiding takes a `reason`."})
    reason = f.Paragraphs(most=1_000)


def author_of(shows_name: bool, first_name: str, last_name: str) -> str:
    """Return who is said to have written a review: nobody by name, or a first name and an initial."""
    return f"{first_name} {last_name[:1]}.".lstrip() if shows_name else "Verified patient"


def _is_hidden(at: datetime | None) -> dict[str, Any] | None:
    return {"at": at} if at else None


def _hidden(at: datetime | None, by: uuid.UUID | None, reason: str | None) -> dict[str, Any] | None:
    return {"at": at, "by": by, "reason": reason} if at else None


class PublicReviewOut(Out):
    """A review as everybody reads it."""

    rating = fields.Integer(required=True)
    comment = fields.String(required=True, allow_none=True)
    author = f.Computed(author_of, "show_name", "first_name", "last_name", metadata={"type": "string"})


class OwnReviewOut(PublicReviewOut):
    """A review as its author reads it: who hid it, and in what words, stays with the staff."""

    appointment_id = fields.UUID()
    show_name = fields.Boolean()
    hidden = f.Computed(_is_hidden, "hidden_at", metadata=_MAYBE)


class ReviewOut(OwnReviewOut):
    """A review as moderators read it; for others some of this is absent."""

    hidden = f.Computed(_hidden, "hidden_at", "hidden_by", "hidden_reason", metadata=_MAYBE)


class ReviewQuery(ListQuery):
    """A page of reviews."""

    hidden = TextFlag(metadata={"description": "true: only hidden ones that one may see; false: only shown ones."})
    sort = SortKeys("created_at", "rating")
