"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Sent with `patient=` and `actor=`.
registered = signal("patients.registered")
# Sent with `patient=` where the birth date or the sex has just been corrected: what was judged by them is judged anew.
corrected = signal("patients.corrected")
# Sent with `patient=` before a patient is stored with another primary doctor than before; a receiver refuses one
# who sees nobody here.
primary_doctor_named = signal("patients.primary_doctor_named")
# Sent with `survivor_id=`, `duplicate_id=` and `actor=`: every row of the duplicate has just become the survivor's.
merged = signal("patients.merged")
# Sent with `survivor_id=`, `duplicate_id=` and `actor=`: a merge was taken back.
unmerged = signal("patients.unmerged")
# Sent with `patient=`, `actor=` and `reason=` (a StopReason) when what is open for the patient has to be stopped.
stopped = signal("patients.stopped")
# Sent with `visit_id=` and `patient_id=` before an entry that names a visit is written into a chart; a receiver refuses
# one of a visit that is not this patient's, or is closed.
writing_at_visit = signal("patients.writing_at_visit")
