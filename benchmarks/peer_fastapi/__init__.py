"""The peer: the same endpoints as FastAPI's users write them, with SQLAlchemy's async ORM, asyncpg and pydantic."""
