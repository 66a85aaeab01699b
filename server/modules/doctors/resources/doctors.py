"""Doctors: public list and search, one doctor, and what admins do with them."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from server.core import answers, trail as trails
from server.core.access import PUBLIC, Actor
from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.errors import InvalidToken, NotFound
from server.core.listing import Page
from server.core.resource import Resource
from server.modules.doctors.policies import Perm
from server.modules.doctors.queries import search as queries
from server.modules.doctors.resources.routing import api
from server.modules.doctors.schemas.doctor import (
    DoctorAnswer,
    DoctorChange,
    DoctorIn,
    DoctorQuery,
    FavoriteQuery,
    OwnDoctorChange,
    OwnDoctorIn,
    PublicDoctor,
    WholeDoctor,
)
from server.modules.doctors.service import favorites, profiles as service
from server.modules.doctors.service.calendar import HasBookings
from server.modules.users.models import EmailTaken

_COLUMNS = columns_of(WholeDoctor)
_DOCTOR = {"object_type": "doctor", "out": DoctorAnswer}
_READ = {**_DOCTOR, "takes_token": True, "problems": (InvalidToken,)}
_WRITE = {**_DOCTOR, "version": "optional"}
_REFUSALS = (service.AlreadyHasProfile, HasBookings)


class _Doctors(Resource):
    """Shows each doctor with the fields that the caller may see."""

    def seen(self, viewer: Actor | None, doctor_id: uuid.UUID) -> dict[str, Any]:
        """Return one doctor as the viewer sees them."""
        return _shown(queries.doctor_row(self.connection, viewer, _COLUMNS, doctor_id))

    def many(self, page: Page) -> Response:
        """Answer one page of doctors as the viewer sees them."""
        shown = [_shown(row) for row in page.rows]
        trails.current().listed(one["id"] for one in shown)
        return answers.listed(page, shown)


def _shown(row: Any) -> dict[str, Any]:
    kind = WholeDoctor if row[-1] else PublicDoctor
    return row_dumper(kind, (*_COLUMNS, "shows_all"))(row)


class DoctorCollection(_Doctors):
    """All doctors."""

    @declares(PUBLIC, action="doctors.list", query=DoctorQuery, many=True, **_READ)
    def get(self) -> Response:
        """List doctors; anybody may."""
        return self.many(queries.page_of_doctors(self.connection, self.viewer, _COLUMNS, self.query))

    @declares(
        Perm.MANAGE,
        action="doctors.add",
        body=DoctorIn,
        problems=(service.AlreadyHasProfile, EmailTaken),
        **_DOCTOR,
    )
    def post(self) -> Response:
        """Add a doctor: for an account of role doctor, with a new one invited by mail, or without any."""
        doctor = service.add(actor=self.actor, **self.body)
        return self.created(self.seen(self.actor, doctor.id), "Doctor added.")


class DoctorSearch(_Doctors):
    """Search."""

    @declares(PUBLIC, action="doctors.search", query=DoctorQuery, many=True, **_READ)
    def get(self) -> Response:
        """Search doctors by name, city or specialty, best match first unless sorted otherwise; anybody may."""
        return self.many(queries.page_of_doctors(self.connection, self.viewer, _COLUMNS, self.query, ranked=True))


class DoctorItem(_Doctors):
    """One doctor."""

    @declares(PUBLIC, action="doctors.read", **_READ)
    def get(self, doctor_id: uuid.UUID) -> Response:
        """Show one doctor; anybody may, account and licence aside."""
        return self.show(self.seen(self.viewer, doctor_id))

    @declares(Perm.MANAGE, action="doctors.update", body=DoctorChange, problems=_REFUSALS, **_WRITE)
    def put(self, doctor_id: uuid.UUID) -> Response:
        """Replace the writable fields of a doctor."""
        return self._change(doctor_id)

    @declares(Perm.MANAGE, action="doctors.update", body=DoctorChange, problems=_REFUSALS, **_WRITE)
    def patch(self, doctor_id: uuid.UUID) -> Response:
        """Change some fields of a doctor; `status` active brings back who was deactivated."""
        return self._change(doctor_id)

    @declares(
        Perm.MANAGE, action="doctors.deactivate", object_type="doctor", version="optional", problems=(HasBookings,)
    )
    def delete(self, doctor_id: uuid.UUID) -> Response:
        """Deactivate a doctor whose future appointments are moved or cancelled; the history stays."""
        service.deactivate(actor=self.actor, doctor_id=doctor_id, expected=self.expected)
        return self.gone()

    def _change(self, doctor_id: uuid.UUID) -> Response:
        service.change(actor=self.actor, doctor_id=doctor_id, expected=self.expected, **self.body)
        return self.show(self.seen(self.actor, doctor_id), "Doctor changed.")


class OwnProfile(_Doctors):
    """A doctor's own profile."""

    @declares(Perm.PROFILE, action="doctors.read", problems=(NotFound,), **_DOCTOR)
    def get(self) -> Response:
        """Show one's own profile."""
        own_id = queries.own_doctor_id(self.connection, self.actor)
        if own_id is None:
            raise NotFound
        return self.show(self.seen(self.actor, own_id))

    @declares(Perm.PROFILE, action="doctors.add", body=OwnDoctorIn, problems=(service.AlreadyHasProfile,), **_DOCTOR)
    def post(self) -> Response:
        """Make one's own profile, as a user of role doctor who has none."""
        doctor = service.make_own(actor=self.actor, **self.body)
        location = f"{request.path.removesuffix('me/profile')}{doctor.id}"
        return self.created(self.seen(self.actor, doctor.id), "Profile made.", location=location)

    @declares(Perm.PROFILE, action="doctors.update", body=OwnDoctorChange, problems=(NotFound, HasBookings), **_WRITE)
    def patch(self) -> Response:
        """Change one's own profile, but for names, specialties and licence."""
        doctor = service.change_own(actor=self.actor, expected=self.expected, **self.body)
        return self.show(self.seen(self.actor, doctor.id), "Profile changed.")


class FavoriteCollection(_Doctors):
    """A patient's favourites."""

    @declares(Perm.FAVORITES, action="favorites.list", query=FavoriteQuery, many=True, **_DOCTOR)
    def get(self) -> Response:
        """List the doctors whom one has marked."""
        return self.many(queries.page_of_favorites(self.connection, self.actor, _COLUMNS, self.query))


class FavoriteMark(_Doctors):
    """The mark of one doctor."""

    @declares(Perm.FAVORITES, action="favorites.mark", status=200, **_DOCTOR)
    def post(self, doctor_id: uuid.UUID) -> Response:
        """Mark a doctor as a favourite; again, it changes nothing."""
        shown = self.seen(self.actor, doctor_id)
        favorites.mark(actor=self.actor, doctor_id=doctor_id)
        return self.show(shown, "Marked.")

    @declares(Perm.FAVORITES, action="favorites.unmark", object_type="doctor")
    def delete(self, doctor_id: uuid.UUID) -> Response:
        """Take the mark of a doctor away; again, it changes nothing."""
        favorites.unmark(actor=self.actor, doctor_id=doctor_id)
        return self.gone()


api.add_resource(DoctorCollection, "/doctors")
api.add_resource(DoctorSearch, "/doctors/search")
api.add_resource(DoctorItem, "/doctors/<uuid:doctor_id>")
api.add_resource(OwnProfile, "/doctors/me/profile")
api.add_resource(FavoriteCollection, "/doctors/me/favorites")
api.add_resource(FavoriteMark, "/doctors/<uuid:doctor_id>/favorite")
