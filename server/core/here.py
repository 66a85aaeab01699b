"""Reach what belongs to the running request at once.

Flask's `g`, `request` and `current_app` look for the object that they stand for anew at each attribute, through six
calls; code that runs in every request asks once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, current_app, g, request

things: Callable[[], Any] = g._get_current_object
the_request: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]
the_app: Callable[[], Flask] = current_app._get_current_object  # type: ignore[attr-defined]
