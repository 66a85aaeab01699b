"""Contacts of a patient, and what they may do in the patient's name."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.resource import Resource
from server.modules.patients.policies import Perm
from server.modules.patients.queries import access as queries
from server.modules.patients.resources.routing import api, patient_within
from server.modules.patients.schemas.access import ContactCreate, ContactIn, ContactOut, ContactQuery, ProxyIn
from server.modules.patients.service import contacts as service
from server.modules.patients.service.people import GlassReadsAndAddsOnly

_COLUMNS = columns_of(ContactOut)
_CONTACT = {"object_type": "contact", "within": patient_within}
_ENDED = (service.ContactEnded, GlassReadsAndAddsOnly)


class _Contacts(Resource):
    """Shows contacts with their proxies."""

    def shown(self, patient_id: uuid.UUID, contact_id: uuid.UUID) -> dict[str, Any]:
        """Return one contact, an ended one included."""
        row = queries.contact_row(self.connection, _COLUMNS, patient_id, contact_id)
        return row_dumper(ContactOut, tuple(_COLUMNS))(row)


class ContactCollection(_Contacts):
    """The contacts of a patient."""

    @declares(Perm.CONTACTS_READ, action="contacts.list", query=ContactQuery, out=ContactOut, many=True, **_CONTACT)
    def get(self, patient_id: uuid.UUID) -> Response:
        """List whom to call for a patient, and who answers for them."""
        return self.page(queries.page_of_contacts(self.connection, _COLUMNS, patient_id, self.query))

    @declares(Perm.CONTACTS_MANAGE, action="contacts.add", body=ContactCreate, out=ContactOut, **_CONTACT)
    def post(self, patient_id: uuid.UUID) -> Response:
        """Add a contact."""
        contact = service.add_contact(patient_id=patient_id, **self.body)
        return self.created(self.shown(patient_id, contact.id), "Contact added.")


class ContactItem(_Contacts):
    """One contact of a patient."""

    @declares(Perm.CONTACTS_READ, action="contacts.read", out=ContactOut, **_CONTACT)
    def get(self, patient_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
        """Show one contact, an ended one included."""
        return self.show(self.shown(patient_id, contact_id))

    @declares(
        Perm.CONTACTS_MANAGE,
        action="contacts.change",
        body=ContactIn,
        out=ContactOut,
        version="optional",
        problems=_ENDED,
        **_CONTACT,
    )
    def patch(self, patient_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
        """Change a contact; another account ends the proxy."""
        service.change_contact(patient_id=patient_id, contact_id=contact_id, expected=self.expected, **self.body)
        return self.show(self.shown(patient_id, contact_id), "Contact changed.")

    @declares(
        Perm.CONTACTS_MANAGE,
        action="contacts.end",
        version="optional",
        problems=(GlassReadsAndAddsOnly,),
        **_CONTACT,
    )
    def delete(self, patient_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
        """End a contact, and their proxy with it; they stay readable by id."""
        service.end_contact(patient_id=patient_id, contact_id=contact_id, expected=self.expected)
        return self.gone()


class ContactProxy(_Contacts):
    """What a contact may do in the patient's name."""

    @declares(
        Perm.PROXIES_MANAGE,
        action="proxies.grant",
        body=ProxyIn,
        out=ContactOut,
        status=200,
        problems=(service.ContactEnded,),
        **_CONTACT,
    )
    def post(self, patient_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
        """Let a contact with an account act in the patient's name; what they might before is replaced."""
        service.grant_proxy(actor=self.actor, patient_id=patient_id, contact_id=contact_id, **self.body)
        return self.show(self.shown(patient_id, contact_id), "Proxy given.")

    @declares(Perm.PROXIES_MANAGE, action="proxies.revoke", **_CONTACT)
    def delete(self, patient_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
        """Take a contact's proxy back."""
        service.revoke_proxy(patient_id=patient_id, contact_id=contact_id)
        return self.gone()


api.add_resource(ContactCollection, "/patients/<uuid:patient_id>/contacts")
api.add_resource(ContactItem, "/patients/<uuid:patient_id>/contacts/<uuid:contact_id>")
api.add_resource(ContactProxy, "/patients/<uuid:patient_id>/contacts/<uuid:contact_id>/proxy")
