"""The safety checks at prescribing and at dispensing: what they find, who answers for it, what is kept (ADR 27)."""

from server.modules.prescriptions.service.checks.answering import (
    SafetyCheckFailed,
    answer_for,
    keep,
)
from server.modules.prescriptions.service.checks.findings import Asked, Finding
from server.modules.prescriptions.service.checks.running import run

__all__ = ["Asked", "Finding", "SafetyCheckFailed", "answer_for", "keep", "run"]
