"""An endpoint without a declaration, a docstring or a grant stops the boot, which says which."""

import importlib.machinery
import sys
import types
from dataclasses import replace

import pytest
from flask import Blueprint

from server import create_app, registry
from server.config import load_settings
from server.core.access import PUBLIC, Permission
from server.core.declare import check_declarations, declares, endpoints
from server.core.errors import InvalidToken
from server.core.resource import Api, Resource
from server.modules.patients.resources.people import PatientItem

pytestmark = pytest.mark.only("sqlite")


class ToyPerm(Permission):
    PLAY = "toys:play"


@pytest.fixture
def boot(leg, monkeypatch):
    """Give a way to boot the application with one more module, of one resource."""

    def start(resource):
        module, resources = types.ModuleType("server.modules.toys"), types.ModuleType("server.modules.toys.resources")
        for one in (module, resources):
            one.__spec__ = importlib.machinery.ModuleSpec(one.__name__, None)
            monkeypatch.setitem(sys.modules, one.__name__, one)
        module.__path__ = []
        module.init_module = lambda _app: None
        resources.blueprint = Blueprint("toys", __name__)
        Api(resources.blueprint).add_resource(resource, "/toys/<uuid:toy_id>")
        monkeypatch.setattr(registry, "MODULES", (*registry.MODULES, "toys"))
        return create_app(load_settings(leg.environ()))

    return start


def test_a_declared_resource_boots(boot):
    class Toy(Resource):
        @declares(PUBLIC, action="toys.read")
        def get(self, toy_id):
            """Show a toy."""

    assert any(endpoint.path.endswith("/toys/{toy_id}") for endpoint in endpoints(boot(Toy)))


def test_without_a_declaration_the_boot_stops_and_says_where(boot):
    class Toy(Resource):
        @declares(PUBLIC, action="toys.read")
        def get(self, toy_id):
            """Show a toy."""

        def delete(self, toy_id):
            """Break a toy."""

    with pytest.raises(RuntimeError, match=r"DELETE /api/v1/toys/<uuid:toy_id>"):
        boot(Toy)


def test_without_a_grant_the_boot_stops_and_says_which(boot):
    class Toy(Resource):
        @declares(ToyPerm.PLAY, action="toys.read")
        def get(self, toy_id):
            """Show a toy."""

    with pytest.raises(RuntimeError, match=r"GET /api/v1/toys/.*toys:play"):
        boot(Toy)


def test_without_a_sentence_the_boot_stops(boot):
    class Toy(Resource):
        @declares(PUBLIC, action="toys.read")
        def get(self, toy_id):
            return None

    with pytest.raises(RuntimeError, match=r"GET /api/v1/toys"):
        boot(Toy)


def test_a_view_that_is_no_resource_stops_the_boot(app):
    app_of_its_own = types.SimpleNamespace(
        url_map=app.url_map, view_functions={**app.view_functions, "meta.live": lambda: ""}, extensions=app.extensions
    )
    with pytest.raises(RuntimeError, match="GET /health/live"):
        check_declarations(app_of_its_own, app.extensions["grid"])


def test_removing_any_one_declaration_stops_the_boot_naming_the_route(app, monkeypatch):
    for endpoint in endpoints(app):
        if endpoint.alias_of:
            continue
        owner = next(cls for cls in endpoint.resource.__mro__ if endpoint.verb in vars(cls))
        with monkeypatch.context() as patch:
            patch.delattr(vars(owner)[endpoint.verb], "declaration")
            with pytest.raises(RuntimeError) as caught:
                check_declarations(app, app.extensions["grid"])
        assert f"{endpoint.verb.upper()} " in str(caught.value)
        assert "has no declaration" in str(caught.value)


def test_removing_a_declaration_stops_the_whole_boot(leg, app, monkeypatch):
    monkeypatch.delattr(PatientItem.put, "declaration")
    with pytest.raises(RuntimeError, match="PUT /api/v1/patients/<uuid:patient_id> has no declaration"):
        create_app(load_settings(leg.environ()))


def test_a_permission_that_nobody_is_granted_stops_the_whole_boot(leg, app, monkeypatch):
    declaration = replace(PatientItem.put.declaration, permission=ToyPerm.PLAY)
    monkeypatch.setattr(PatientItem.put, "declaration", declaration)
    with pytest.raises(RuntimeError, match="toys:play"):
        create_app(load_settings(leg.environ()))


def test_a_public_read_that_takes_tokens_documents_that_bad_ones_are_refused(app):
    reads = [one for one in endpoints(app) if one.verb == "get" and one.declaration.takes_token]
    assert len(reads) >= 5
    assert [one.path for one in reads if InvalidToken not in one.declaration.problems] == []
