"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Sent with `user=`, `date_of_birth=` and `sex=`: somebody has registered by themselves.
registered = signal("auth.registered")
# Sent with `user=` and `patient_id=`: the owner has accepted the invitation to tie the account to this chart.
portal_accepted = signal("auth.portal_accepted")
