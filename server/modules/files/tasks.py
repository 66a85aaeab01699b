"""What files need by and by."""

from flask import Flask

from server.core.jobs import HOURLY, SOON, add_job
from server.modules.files.service import keeping, scanning


def install(app: Flask) -> None:
    """Add the jobs of this module."""
    if app.extensions["settings"].clamd_url:
        add_job(app, "files scanned", scanning.scan_pending, every=SOON)
    add_job(app, "abandoned files removed", keeping.drop_abandoned, every=HOURLY)
