"""What is known of drugs: what is in a product, of which classes it is, what harms together, how much is too much.

Facts come from the catalogue and from the tables in `data/`, each line of which names its source (ADR 26).
"""

from server.modules.medications.knowledge.classes import (
    Crossing,
    class_named,
    classes_of_ingredient,
    cross_classes,
    shared_allergy_classes,
)
from server.modules.medications.knowledge.doses import Limit, dose_limits
from server.modules.medications.knowledge.interactions import Pair, interactions_among
from server.modules.medications.knowledge.keys import bare_name, key_of
from server.modules.medications.knowledge.substances import Ingredient, Substances, substances_of

__all__ = [
    "Crossing",
    "Ingredient",
    "Limit",
    "Pair",
    "Substances",
    "bare_name",
    "class_named",
    "classes_of_ingredient",
    "cross_classes",
    "dose_limits",
    "interactions_among",
    "key_of",
    "shared_allergy_classes",
    "substances_of",
]
