"""Reviews of doctors over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response

from server.core.access import PUBLIC, Actor
from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.errors import InvalidToken
from server.core.resource import Resource
from server.modules.appointments.models.reviews import AlreadyReviewed
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries import reviews as queries
from server.modules.appointments.resources.routing import api
from server.modules.appointments.schemas.reviews import (
    OwnReviewOut,
    PublicReviewOut,
    ReviewChange,
    ReviewIn,
    ReviewOut,
    ReviewQuery,
)
from server.modules.appointments.service import reviews as service
from server.modules.patients.service.people import FieldNotAllowed

_COLUMNS = columns_of(ReviewOut)
_REVIEW = {"object_type": "review", "out": ReviewOut}


def _dumper(caller: Actor | None) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Return what turns a row of `_COLUMNS` and `shows_all` into what the caller may see."""
    columns = (*_COLUMNS, "shows_all")
    moderates = caller is not None and caller.can(Perm.REVIEWS_MODERATE)
    show_all = row_dumper(ReviewOut if moderates else OwnReviewOut, columns)
    show_public = row_dumper(PublicReviewOut, columns)
    return lambda row: show_all(row) if row[-1] else show_public(row)


class _Reviews(Resource):
    """Shows reviews."""

    def shown(self, review_id: uuid.UUID) -> dict[str, Any]:
        """Return one review as its author or a moderator reads it."""
        return _dumper(self.actor)(queries.review_row(self.connection, self.actor, _COLUMNS, review_id))


class ReviewCollection(_Reviews):
    """What patients say of a doctor."""

    @declares(
        PUBLIC,
        action="reviews.list",
        query=ReviewQuery,
        many=True,
        takes_token=True,
        problems=(InvalidToken,),
        **_REVIEW,
    )
    def get(self, doctor_id: uuid.UUID) -> Response:
        """List the reviews of a doctor; authors and moderators, signed in, also see those that were hidden."""
        queries.require_doctor(self.connection, doctor_id)
        page = queries.page_of_reviews(self.connection, self.viewer, doctor_id, _COLUMNS, self.query)
        return self.page(page, dump=_dumper(self.viewer))

    @declares(
        Perm.REVIEWS_WRITE,
        action="reviews.write",
        body=ReviewIn,
        problems=(service.NoCompletedAppointment, AlreadyReviewed),
        **_REVIEW,
    )
    def post(self, doctor_id: uuid.UUID) -> Response:
        """Review a completed appointment, each once."""
        review = service.write(actor=self.actor, doctor_id=doctor_id, **self.body)
        return self.created(self.shown(review.id), "Thank you for your review.")


class ReviewItem(_Reviews):
    """One review."""

    @declares(
        Perm.REVIEWS_WRITE,
        also=(Perm.REVIEWS_MODERATE,),
        action="reviews.change",
        body=ReviewChange,
        version="optional",
        problems=(FieldNotAllowed,),
        **_REVIEW,
    )
    def patch(self, doctor_id: uuid.UUID, review_id: uuid.UUID) -> Response:
        """Change one's own review; or, as a moderator, hide one with a reason, or show it again."""
        service.change(actor=self.actor, doctor_id=doctor_id, review_id=review_id, expected=self.expected, **self.body)
        return self.show(self.shown(review_id), "Review changed.")

    @declares(
        Perm.REVIEWS_WRITE,
        action="reviews.delete",
        object_type="review",
        version="optional",
        problems=(service.ReviewHidden,),
    )
    def delete(self, doctor_id: uuid.UUID, review_id: uuid.UUID) -> Response:
        """Take one's own review back."""
        service.delete(actor=self.actor, doctor_id=doctor_id, review_id=review_id, expected=self.expected)
        return self.gone()


api.add_resource(ReviewCollection, "/doctors/<uuid:doctor_id>/reviews")
api.add_resource(ReviewItem, "/doctors/<uuid:doctor_id>/reviews/<uuid:review_id>")
