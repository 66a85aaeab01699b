"""Keep a record of every request that cannot be changed afterwards."""

from flask import Flask

from server.core.jobs import HOURLY, add_job
from server.modules.audit import partitions, policies, recorder


def init_module(app: Flask) -> None:
    """Grant the audit permissions, take over the recording of requests, and keep room for its rows."""
    app.extensions["grid"].add(policies.GRANTS)
    recorder.install()
    add_job(app, "audit partitions made", partitions.keep_ahead, every=HOURLY)
