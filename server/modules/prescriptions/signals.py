"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Sent with `prescription=` once nothing more is handed out on it: it was stopped, cancelled, has expired or was an
# error. What is laid ready for it goes back.
ended = signal("prescriptions.ended")
