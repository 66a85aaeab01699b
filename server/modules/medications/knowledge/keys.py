"""By which key a substance is known, whatever salt it is taken as and whichever name it goes by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from server.core.text import fold, fold_key
from server.modules.medications.knowledge.tables import listed, read_table

# What a substance is bound to, which is not what works; taken off the end of a name, one word after the other.
_SALTS = frozenset(
    fold(
        "acetate aluminum anhydrous aspartate axetil benzathine benzoate besylate bitartrate bromide butyrate "
        "calcium camsylate caproate carbonate chloride cilexetil citrate cypionate decanoate dihydrate diphosphate "
        "dipivoxil dipropionate disodium disoproxil disulfate edisylate enanthate erbumine estolate etexilate "
        "ethylsuccinate fumarate furoate gluconate glutamate hemihydrate hippurate hyclate hydrobromide "
        "hydrochloride hydroiodide isethionate lactate lactobionate lauroxil lysine magnesium malate maleate "
        "medoxomil meglumine mesylate mofetil monohydrate mononitrate mucate napsylate nitrate oxalate palmitate "
        "pamoate pentahydrate phenylpropionate phosphate pivalate polistirex potassium probutate procaine "
        "propionate proxetil saccharate salicylate sodium stearate succinate sulfate tannate tartrate tosylate "
        "trihydrate tromethamine undecanoate valerate xinafoate zinc "
    )
)
# What is a substance of its own together with what it is bound to: potassium chloride is not potassium citrate.
_BASES = frozenset(
    fold(
        "aluminum ammonium barium benzyl bismuth calcium cesium choline chromic chromium copper cupric dibasic "
        "ferric ferrous gold hydrogen iron isosorbide lanthanum magnesium manganese manganous methyl monobasic "
        "phenyl potassium selenious silver sodium strontium tribasic zinc "
    )
)


@lru_cache(maxsize=8192)
def key_of(name: str) -> str:
    """Return the key of an ingredient: folded, by its usual name in the United States, without the salt it comes as."""
    folded = fold_key(name)
    key = _other_names().get(folded)
    if key is not None:
        return key
    words = folded.split()
    while len(words) > 1 and words[-1] in _SALTS and not (len(words) == 2 and words[0] in _BASES):
        words.pop()
    bare = " ".join(words)
    return _other_names().get(bare, bare)


def other_names_of(key: str) -> tuple[str, ...]:
    """Return the other names of a substance, folded."""
    return _names_by_key().get(key, ())


@cache
def _names_by_key() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for other, key in _other_names().items():
        found[key] = (*found.get(key, ()), other)
    return found


@cache
def _other_names() -> Mapping[str, str]:
    return {
        fold_key(other): fold_key(row["name"]) for row in read_table("names") for other in listed(row["other_names"])
    }


def bare_name(name: str) -> str:
    """Return the name of a substance as it is written, but for the salt that it comes as."""
    words = name.split()
    while len(words) > 1 and fold_key(words[-1]) in _SALTS and not (len(words) == 2 and fold_key(words[0]) in _BASES):
        words.pop()
    return " ".join(words)
