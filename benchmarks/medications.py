"""What the catalogue of medication costs: searching all of RxNorm's products and paging through them, to one by id."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from urllib.parse import quote

from benchmarks.cases import API
from benchmarks.clinic import Clinic
from benchmarks.plans import plans
from benchmarks.scale import EACH, gets, row, take_turns
from benchmarks.stats import Goal, ratios
from server import create_app
from server.config import load_settings
from tests.factories.people import signed_in
from tests.legs import ROOT, forget

DATA = Path(os.environ.get("POLYCLINIC_DATA") or ROOT.parent / "shared" / "data")
FILE = DATA / "rxnorm_prescribable_ingredient_product_ndc.csv.gz"
SEARCH, PAGE = Goal(12, 6), Goal(6, 3)
# Beginnings, brands, substances, codes, several words, another name, what nobody has.
WORDS = (
    *("amoxi", "tylenol", "lasix", "hydrochlorothiazide", "metformin 500", "308964", "simva"),
    *("insulin", "ibuprofen 200 tablet", "paracetamol", "zzz"),
)


def measure(clinic: Clinic) -> list[str]:
    """Import all products, and return the table."""
    if not FILE.exists():
        return [f"Not measured: there is no {FILE.name}."]
    said = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "import", "rxnorm", str(FILE)],
        cwd=ROOT,
        env=clinic.environ | {"LOG_LEVEL": "ERROR"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    with clinic.connect() as connection:
        connection.execute("VACUUM ANALYZE")
        found = connection.execute("SELECT id FROM medications WHERE rxnorm_code = '308964'").fetchone()
    if found is None:
        raise RuntimeError("no product was imported")
    clinic.tokens = [_token_of_pharmacist(clinic)]
    searches = [f"{API}/medications?q={quote(word)}" for word in WORDS]
    paths = {
        "one": [f"{API}/medications/{found[0]}"],
        "search": searches,
        "page": [f"{API}/medications"],
        "low stock": [f"{API}/medications?low_stock=true"],
    }
    with clinic.serving("ours", workers=1) as servers:
        port = servers["ours"].port
        times = take_turns({name: (port, gets(clinic, (some * EACH)[:EACH])) for name, some in paths.items()})
    lines = [*said, "All products of RxNorm; ÷ get one"]
    for name, goal in (("search", SEARCH), ("page", PAGE), ("low stock", PAGE)):
        both = " / ".join(f"{median(times[one]) * 1000:.2f}" for one in (name, "one"))
        lines.append(row(name, ratios(times[name], times["one"]), goal, both))
    return [*lines, *plans(clinic, {"search": searches[0]})]


def _token_of_pharmacist(clinic: Clinic) -> str:
    app = create_app(load_settings({**clinic.environ, "LOG_LEVEL": "ERROR"}))
    pharmacist = signed_in(app, "pharmacist")
    forget(app)
    return pharmacist.tokens.access
