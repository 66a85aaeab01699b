"""Polyclinic: the back end of a clinic with a pharmacy and a storeroom."""

from server.app import create_app

__all__ = ["create_app"]
__version__ = "0.1.0"
