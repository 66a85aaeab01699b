"""What upper modules may react to, in the same unit of work."""

from blinker import signal

# Sent with `user=`: what the user may do has changed (roles or status).
authority_changed = signal("users.authority_changed")
# Sent with `user=`: the user may no longer sign in.
deactivated = signal("users.deactivated")
