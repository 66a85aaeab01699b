"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Sent with `doctor=` and `actor=` before a doctor is deactivated.
deactivating = signal("doctors.deactivating")
# Sent with `doctor=` after a doctor was given another account, or the first one, or none.
account_changed = signal("doctors.account_changed")
# Sent with `holiday=`, `actor=` and `on_conflict=` after a holiday was added.
holiday_added = signal("doctors.holiday_added")
