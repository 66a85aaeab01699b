"""What upper modules may react to, in the same unit of work."""

from blinker import signal

# Sent with `user=`: what the user may do has changed (roles or status).
authority_changed = signal("users.authority_changed")
# Sent with `user=` before an admin opens a closed account again; a receiver may veto with a DomainError.
reopening = signal("users.reopening")
# Sent with `user=`: the user may no longer sign in.
deactivated = signal("users.deactivated")
# Sent with `user=` and `email=`: an admin wants another address for an opened account; its owner has to confirm it.
email_change_asked = signal("users.email_change_asked")
