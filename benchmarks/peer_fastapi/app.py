"""The application: `uvicorn benchmarks.peer_fastapi.app:app`."""

from __future__ import annotations

from fastapi import FastAPI

from benchmarks.peer_fastapi import appointments, patients

app = FastAPI()
app.include_router(patients.router, prefix="/api/v1")
app.include_router(appointments.router, prefix="/api/v1")


@app.get("/alive")
async def alive() -> dict[str, str]:
    """Tell that this server is up."""
    return {}
