"""Keep a record of every request that cannot be changed afterwards."""

from flask import Flask

from server.core.jobs import HOURLY, add_job
from server.modules.audit import cli, partitions, policies, recorder
from server.modules.audit.service import sealing


def init_module(app: Flask) -> None:
    """Grant the audit permissions, take over the recording of requests, keep room for its rows, and seal them."""
    app.extensions["grid"].add(policies.GRANTS)
    recorder.install()
    add_job(app, "audit partitions made", partitions.keep_ahead, every=HOURLY)
    add_job(app, "audit rows sealed", sealing.seal_due, every=sealing.EVERY)
    app.cli.add_command(cli.audit)
