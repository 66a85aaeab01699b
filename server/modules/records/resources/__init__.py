"""Records and documents over HTTP."""

from server.modules.records.resources import documents, records
from server.modules.records.resources.routing import blueprint

__all__ = ["blueprint", "documents", "records"]
