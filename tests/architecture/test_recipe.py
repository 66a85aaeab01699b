"""The recipe for a new module works as it is written: followed in a copy of the checkout, word for word."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "docs" / "recipes" / "new-module.md"
CALL = """
import json
from server import create_app
from server.core.db import Base, db
from tests.factories.people import make_user, sign_in

app = create_app()
with app.app_context():
    Base.metadata.tables["notes"].create(db.engine)
client = app.test_client()
admin = sign_in(client, make_user(app, "admin")).headers
cashier = sign_in(client, make_user(app, "cashier")).headers
path = "/api/v1/notes"
answers = [
    client.post(path, json={"title": "Flu shots today"}, headers=admin).status_code,
    client.post(path, json={"title": "<b>no</b>"}, headers=admin).json["code"],
    [note["title"] for note in client.get(path, headers=admin).json["data"]],
    client.get(path, headers=cashier).status_code,
    path in client.get("/openapi.json").json["paths"],
    client.get("/api/v1/audit-logs?action=notes.pin&outcome=success", headers=admin).json["meta"]["total"],
]
print("ANSWERS" + json.dumps(answers))
"""


def files_of_recipe():
    text = RECIPE.read_text()
    return dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL))


def run(copy, *command, **environ):
    known = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", **environ}
    return subprocess.run(command, cwd=copy, env=known, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_recipe_makes_a_module_that_works_and_leaves_without_a_trace(tmp_path):
    copy = tmp_path / "copy"
    for name in ("server", "migrations", "tests/factories"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("wsgi.py", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    module = copy / "server" / "modules" / "notes"
    module.mkdir()
    files = files_of_recipe()
    assert set(files) >= {"__init__.py", "models.py", "schemas.py", "policies.py", "queries.py", "service.py"}
    for name, code in files.items():
        (module / name).write_text(code)
    registry = copy / "server" / "registry.py"
    before = registry.read_text()
    registry.write_text(before.replace('    "fhir",\n', '    "notes",\n    "fhir",\n'))

    settings = {"APP_ENV": "testing", "INSTANCE_DIR": str(tmp_path / "instance"), "BCRYPT_ROUNDS": "4"}
    flask = (sys.executable, "-m", "flask", "--app", "wsgi")
    assert run(copy, *flask, "db", "upgrade", **settings).returncode == 0
    told = run(copy, sys.executable, "-c", CALL, **settings)
    answer = re.search(r"^ANSWERS(.*)$", told.stdout, re.MULTILINE)
    assert answer, told.stderr[-2000:]
    assert json.loads(answer[1]) == [201, "markup_not_allowed", ["Flu shots today"], 403, True, 1]

    lint = run(copy, str(Path(sys.executable).parent / "lint-imports"))
    assert "0 broken" in lint.stdout, lint.stdout[-2000:]
    style = run(copy, str(Path(sys.executable).parent / "ruff"), "check", str(module))
    assert style.returncode == 0, style.stdout

    registry.write_text(before)
    shutil.rmtree(module)
    gone = run(copy, *flask, "routes", **settings)
    assert gone.returncode == 0
    assert "/api/v1/notes" not in gone.stdout
