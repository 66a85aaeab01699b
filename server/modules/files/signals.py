"""What upper modules may react to, in the same unit of work."""

from blinker import signal

# Sent with `file_id=` when a scanner has found malware in a file.
infected = signal("files.infected")
