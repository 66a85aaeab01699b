"""Name the modules, ground first, and the second paths of things; a new module adds one line."""

MODULES = (
    "audit",
    "notifications",
    "users",
    "auth",
    "patients",
    "fhir",
    "meta",
)

# second path -> first path, both below API_PREFIX; the same resource answers both.
ALIASES = {
    "/auth/refresh-token": "/auth/refresh",
    "/users/me": "/auth/me",
}
