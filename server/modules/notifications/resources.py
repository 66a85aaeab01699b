"""One's own notifications and preferences over HTTP."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response

from server.core.declare import declares
from server.core.dump import columns_of
from server.core.resource import Api, Resource
from server.modules.notifications import queries, service
from server.modules.notifications.policies import Perm
from server.modules.notifications.schemas import (
    NotificationOut,
    NotificationQuery,
    PreferencesOut,
    PreferencesPatch,
    ReadAllOut,
    UnreadOut,
)

blueprint = Blueprint("notifications", __name__)
api = Api(blueprint)

_COLUMNS = columns_of(NotificationOut)
_KIND = {"object_type": "notification"}


class NotificationCollection(Resource):
    """One's own notifications."""

    @declares(
        Perm.ACCOUNT, action="notifications.list", query=NotificationQuery, out=NotificationOut, many=True, **_KIND
    )
    def get(self) -> Response:
        """List one's own notifications, newest first."""
        return self.page(queries.page_of_notifications(self.connection, self.actor, _COLUMNS, self.query))


class NotificationRead(Resource):
    """One notification that was read."""

    @declares(Perm.ACCOUNT, action="notifications.read", out=NotificationOut, **_KIND)
    def patch(self, notification_id: uuid.UUID) -> Response:
        """Note that one has read a notification."""
        return self.show(service.mark_read(actor=self.actor, notification_id=notification_id), "Read.")


class NotificationItem(Resource):
    """One notification."""

    @declares(Perm.ACCOUNT, action="notifications.delete", **_KIND)
    def delete(self, notification_id: uuid.UUID) -> Response:
        """Remove a notification from one's own list."""
        service.hide(actor=self.actor, notification_id=notification_id)
        return self.gone()


class ReadAll(Resource):
    """All notifications that were read."""

    @declares(Perm.ACCOUNT, action="notifications.read_all", out=ReadAllOut, **_KIND)
    def patch(self) -> Response:
        """Note that one has read all of one's notifications."""
        return self.show({"marked": service.mark_all_read(actor=self.actor)}, "All read.")


class UnreadCount(Resource):
    """How many notifications are new."""

    @declares(Perm.ACCOUNT, action="notifications.count", out=UnreadOut, **_KIND)
    def get(self) -> Response:
        """Count one's own unread notifications."""
        return self.show({"unread_count": queries.unread_count(self.connection, self.actor)})


class Preferences(Resource):
    """What one wishes to hear of."""

    @declares(Perm.ACCOUNT, action="notifications.preferences", out=PreferencesOut, **_KIND)
    def get(self) -> Response:
        """Show on which channels one hears of each type."""
        return self.show(queries.preferences_of(self.connection, self.actor.user_id))

    @declares(Perm.ACCOUNT, action="notifications.choose", body=PreferencesPatch, out=PreferencesOut, **_KIND)
    def patch(self) -> Response:
        """Choose on which channels one hears of some types; account and emergency notices cannot be muted."""
        service.choose(actor=self.actor, wishes=self.body)
        return self.show(queries.preferences_of(self.connection, self.actor.user_id), "Preferences changed.")


api.add_resource(NotificationCollection, "/notifications")
api.add_resource(ReadAll, "/notifications/read-all")
api.add_resource(UnreadCount, "/notifications/unread-count")
api.add_resource(Preferences, "/notifications/preferences")
api.add_resource(NotificationItem, "/notifications/<uuid:notification_id>")
api.add_resource(NotificationRead, "/notifications/<uuid:notification_id>/read")
