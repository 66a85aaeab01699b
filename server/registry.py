"""Name the modules, ground first, and the second paths of things; a new module adds one line."""

MODULES = (
    "audit",
    "notifications",
    "files",
    "users",
    "auth",
    "patients",
    "doctors",
    "inventory",
    "billing",
    "appointments",
    "visits",
    "vitals",
    "treatments",
    "procedures",
    "records",
    "vaccines",
    "medications",
    "prescriptions",
    "pharmacy",
    "chart",
    "fhir",
    "meta",
)

# second path -> first path, both below API_PREFIX; the same resource answers both.
ALIASES = {
    "/auth/forgot": "/auth/forgot-password",
    "/auth/refresh-token": "/auth/refresh",
    "/auth/reset": "/auth/reset-password",
    "/inventory": "/items",
    "/inventory/<uuid:item_id>": "/items/<uuid:item_id>",
    "/medical-records": "/records",
    "/medical-records/<uuid:record_id>": "/records/<uuid:record_id>",
    "/medical-records/<uuid:record_id>/release": "/records/<uuid:record_id>/release",
    "/medical-records/<uuid:record_id>/versions": "/records/<uuid:record_id>/versions",
    "/medical-records/doctor/me": "/records/doctor/me",
    "/medical-records/me": "/records/me",
    "/medical-records/me/<uuid:record_id>": "/records/me/<uuid:record_id>",
    "/users/me": "/auth/me",
}
