"""Configure gunicorn; the command line and the environment may override the bind address and the sizes."""

import gc
import logging
import os
import re
from pathlib import Path

from dotenv import dotenv_values
from gunicorn.glogging import Logger

# The application reads `.env` too; what stands in the environment wins.
environment = {**dotenv_values(".env"), **os.environ}

bind = f"{environment.get('HOST', '127.0.0.1')}:{environment.get('PORT', '5000')}"
worker_class = "gthread"
# More than one worker needs Redis: without it the application refuses to boot and says why.
workers = int(environment.get("WEB_CONCURRENCY", "1"))
threads = int(environment.get("GUNICORN_THREADS", "8"))

# Time budget, outer larger than inner: nginx 60 s > gunicorn 30 > request 20 > statement 5.
timeout = 30
graceful_timeout = 25
keepalive = 5

# The management socket would be a second way in.
control_socket_disable = True

# Heartbeats in memory: on a slow disk a worker would be taken for dead.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"

# The application logs each request itself; this log is for finding out what never reached it. %(U)s is the path alone:
# %(r)s and %(f)s carry query strings, which hold names and birth dates. The path of a calendar feed is a secret too.
accesslog = environment.get("GUNICORN_ACCESS_LOG")
access_log_format = '%(h)s "%(m)s %(U)s %(H)s" %(s)s %(B)s bytes %(M)s ms'
errorlog = "-"

# The API takes addresses of 8 KiB; this is as near as gunicorn goes.
limit_request_line = 8190


FEED = re.compile(r"(/calendar/)(?!tokens(?:/|$|\s))[^/?#\s]+")


class DiscreetLogger(Logger):
    """Leave out what a refused request line says, it may be a search for a name, and the tokens of calendar feeds."""

    def atoms(self, resp, req, environ, request_time):
        """Return what an access log line is made of, without the token in the path of a feed."""
        found = super().atoms(resp, req, environ, request_time)
        return {name: without_token(value) for name, value in found.items()}

    def warning(self, msg, *args, **kwargs):
        """Log a warning, of a refused request the address only."""
        if msg.startswith("Invalid request from ip="):
            msg = msg.partition(": ")[0]
        super().warning(msg, *args, **kwargs)

    def exception(self, msg, *args, **kwargs):
        """Log an error with its traceback, without the token in an address that it names."""
        super().exception(msg, *map(without_token, args), **kwargs)

    def debug(self, msg, *args, **kwargs):
        """Log a detail, such as each path, without the token of a feed."""
        if self.error_log.isEnabledFor(logging.DEBUG):
            super().debug(msg, *map(without_token, args), **kwargs)


def without_token(value):
    """Return a path, or anything else, without the token of a calendar feed."""
    return FEED.sub(r"\1(token)", value) if isinstance(value, str) else value


logger_class = DiscreetLogger
loglevel = environment.get("GUNICORN_LOG_LEVEL", "info")


def post_worker_init(worker):
    """Begin with the work that waits outside requests, such as mail that an earlier process left behind."""
    from server.core import jobs

    # What is loaded now stays: no collection need look through it, which takes a tenth of a second each time.
    gc.collect()
    gc.freeze()
    jobs.start(worker.wsgi)
