"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Sent with `doctor=` and `actor=` when a doctor is being deactivated: the status is written and `calendar_version`
# counted up, so that no booking slips in beside a receiver that looks for them.
deactivating = signal("doctors.deactivating")
# Sent with `doctor=`, `actor=`, `was_timezone=` and `on_conflict=` (None: refuse) when a doctor is given another zone:
# it is written, and `calendar_version` counted up.
clock_changing = signal("doctors.clock_changing")
# Sent with `doctor=` after a doctor was given another account, or the first one, or none.
account_changed = signal("doctors.account_changed")
# Sent with `holiday=`, `actor=` and `on_conflict=` (an OnConflict) after a holiday was added and every doctor's
# `calendar_version` counted up. A receiver returns the appointments of that day that still stand, each as it is to be
# shown, or vetoes with a DomainError.
holiday_added = signal("doctors.holiday_added")
