"""What happens to bookings, for the waiting list, notices and upper modules to react to in the same unit of work."""

from blinker import signal

# Sent with `appointment=`, `actor=` (None: the system) and `audience=`, whom to tell, where that is known already.
booked = signal("appointments.booked")
# Sent with `appointment=`, `actor=`, `was_starts_at=`, `was_ends_at=`, `was_doctor_id=`, `was_location=`: another time
# or doctor.
moved = signal("appointments.moved")
# Sent with `appointment=` and `actor=`.
cancelled = signal("appointments.cancelled")
# Sent with `appointment=`, `actor=` and `was=` (a Status) after every other change of status.
went_on = signal("appointments.went_on")
# Sent with `doctor_id=`, `starts_at=`, `ends_at=` and `patient_id=`, whose it was, after the transaction has given a
# doctor's time back.
freed = signal("appointments.freed")
