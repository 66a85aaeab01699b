"""Name the modules, ground first, and the second paths of things; a new module adds one line."""

MODULES = (
    "audit",
    "notifications",
    "users",
    "auth",
    "patients",
    "doctors",
    "appointments",
    "chart",
    "fhir",
    "meta",
)

# second path -> first path, both below API_PREFIX; the same resource answers both.
ALIASES = {
    "/auth/forgot": "/auth/forgot-password",
    "/auth/refresh-token": "/auth/refresh",
    "/auth/reset": "/auth/reset-password",
    "/users/me": "/auth/me",
}
