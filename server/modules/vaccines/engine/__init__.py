"""The immunisation schedule: which doses count, and when the next ones are due.

Pure: rules, a person, doses and a day in; verdicts and dates out. Built by CDC's "Logic Specification for ACIP
Recommendations" (CDSi), whose chapters the modules name.
"""

from server.modules.vaccines.engine.builtin import builtin_rules
from server.modules.vaccines.engine.evaluation import evaluate
from server.modules.vaccines.engine.facts import Dose, Due, Evaluation, Person, Verdict
from server.modules.vaccines.engine.rules import Rules

__all__ = ["Dose", "Due", "Evaluation", "Person", "Rules", "Verdict", "builtin_rules", "evaluate"]
