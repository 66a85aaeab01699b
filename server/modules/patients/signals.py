"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Sent with `patient=` and `actor=`.
registered = signal("patients.registered")
# Sent with `patient=` before a patient is stored with another primary doctor than before; a receiver refuses one
# who sees nobody here.
primary_doctor_named = signal("patients.primary_doctor_named")
# Sent with `survivor_id=`, `duplicate_id=` and `actor=`: every row of the duplicate has just become the survivor's.
merged = signal("patients.merged")
# Sent with `survivor_id=`, `duplicate_id=` and `actor=`: a merge was taken back.
unmerged = signal("patients.unmerged")
# Sent with `patient=`, `actor=` and `reason=` (a StopReason) when what is open for the patient has to be stopped.
stopped = signal("patients.stopped")
