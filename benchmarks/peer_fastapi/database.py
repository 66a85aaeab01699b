"""The engine and one session per request."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine(os.environ["DATABASE_URI"].replace("+psycopg", "+asyncpg", 1), pool_size=10)
make_session = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    """Give the session of this request."""
    async with make_session() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]
