"""Keep a record of every request that cannot be changed afterwards."""

from flask import Flask

from server.modules.audit import policies, recorder


def init_module(app: Flask) -> None:
    """Grant the audit permissions and take over the recording of requests."""
    app.extensions["grid"].add(policies.GRANTS)
    recorder.install()
