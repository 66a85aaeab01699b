"""The words of accounts."""

from enum import StrEnum


class UserStatus(StrEnum):
    """Whether a user may sign in."""

    INVITED = "invited"
    ACTIVE = "active"
    LOCKED = "locked"
    DEACTIVATED = "deactivated"
