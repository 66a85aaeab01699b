"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Each is sent with `patient=` and `actor=`.
registered = signal("patients.registered")
deactivated = signal("patients.deactivated")
