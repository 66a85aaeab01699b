"""Fill a migrated PostgreSQL with made-up patients, the same ones each time: `COPY`, then the indexes, then ANALYZE.

`seed_calendar` adds doctors and appointments. Names are spread as in a census (few are very common). Who and what
stands at a number is a function of the number, so requests can be made up without asking the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import psycopg
from psycopg import sql

SEED = 20261121
SIZES = (10_000, 100_000, 1_000_000)
BORN_FROM = date(1930, 1, 1)
BEGINS = datetime(2024, 1, 1, tzinfo=UTC)
_BLOCK = 10_000


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


GIVEN = words(
    "Mary James Patricia Robert Jennifer John Linda Michael Elizabeth David Barbara William Susan Richard Jessica"
    " Joseph Karen Thomas Sarah Charles Nancy Daniel Lisa Matthew Margaret Anthony Sandra Mark Ashley Donald Kimberly"
    " Steven Emily Andrew Donna Paul Michelle Joshua Carol Kenneth Amanda Kevin Melissa Brian Deborah Timothy Stephanie"
    " Ronald Rebecca George Sharon Jason Laura Edward Cynthia Jeffrey Kathleen Ryan Amy Jacob Angela Nicholas Shirley"
    " Gary Anna Eric Brenda Jonathan Pamela Stephen Emma Larry Nicole Justin Helen Scott Samantha Brandon Hannah"
    " Benjamin Joanna Samuel Christina Gregory Marianne Alexander Ingrid Patrick Yasmin Mateo Aisha Hiroshi Priya Omar"
)
_COMMON = words(
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson"
    " Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker"
    " Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell"
)
_HEADS = words("Ash Black Brad Cart Dun East Fair Gold Hart Hol Ken Lang Mar Nor Oak Pem Quin Rad Stan Thorn Wal West")
_TAILS = words("berg bridge brook burn bury by combe dale field ford gate ham hurst land ley man more ridge stead ton")
FAMILY = [*_COMMON, *(head + tail for head in _HEADS for tail in _TAILS)]
CITIES = words("Springfield Riverton Fairview Lakeside Milton Ashland Georgetown Salem Clinton Madison")


def id_of(kind: int, number: int) -> str:
    """Return the UUIDv7 of the nth row of a kind of rows, a minute after the one before."""
    moment = int(BEGINS.timestamp() * 1000) + number * 60_000
    return f"{moment >> 16:08x}-{moment & 0xFFFF:04x}-7{kind:03x}-8000-{number:012x}"


def patient_id(number: int) -> uuid.UUID:
    """Return the id of the nth patient."""
    return uuid.UUID(id_of(1, number))


PATIENT_COLUMNS = (
    *("id", "number", "mrn", "first_name", "last_name", "date_of_birth", "sex", "phone", "email"),
    *("address_line1", "address_city", "address_state", "address_postal_code", "address_country", "language"),
    *("marital_status", "occupation", "status", "identifiers", "possible_duplicate"),
    *("last_name_key", "first_name_key", "email_key", "city_key", "search_text", "card_text"),
    *("created_at", "updated_at", "version"),
)


def patients(count: int) -> Iterator[tuple[str, ...]]:
    """Yield the patients as the application would have stored them."""
    chance = Random(SEED)
    weights = [1 / (rank + 8) for rank in range(len(FAMILY))]
    for first_number in range(1, count + 1, _BLOCK):
        size = min(_BLOCK, count + 1 - first_number)
        given = chance.choices(GIVEN, [1 / (rank + 20) for rank in range(len(GIVEN))], k=size)
        family = chance.choices(FAMILY, weights, k=size)
        days = chance.choices(range(34_000), k=size)
        cities = chance.choices(CITIES, k=size)
        for offset in range(size):
            yield _patient(first_number + offset, given[offset], family[offset], days[offset], cities[offset])


def _patient(number: int, first: str, last: str, day: int, city: str) -> tuple[str, ...]:
    born = BORN_FROM + timedelta(days=day)
    last_key, first_key = last.lower(), first.lower()
    phone = f"201{2_000_000 + number % 7_000_000}"
    email = f"{first_key}.{last_key}{number}@example.com"
    digits = f"{number:06d}"
    on_card = [last_key, first_key, f"mrn{digits}", digits, f"{born:%Y%m%d}", f"1{phone}", phone]
    card = f" {' '.join(dict.fromkeys(on_card))} "
    search = f" {' '.join(dict.fromkeys([*on_card, first_key, f'{last_key}{number}', 'example', 'com']))} "
    at = (BEGINS + timedelta(minutes=number)).isoformat()
    return (
        *(id_of(1, number), str(number), f"MRN-{digits}", first, last, born.isoformat()),
        *("female" if number % 2 else "male", f"+1{phone}", email),
        *(f"{number % 900 + 1} Main Street", city, "NJ", f"07{number % 1000:03d}", "US", "en"),
        *("married", "Clerk", "active", "[]", "false"),
        *(last_key, first_key, email, city.lower(), search, card),
        *(at, at, "1"),
    )


def copy(
    connection: psycopg.Connection[tuple[Any, ...]], table: str, columns: Iterable[str], rows: Iterable[tuple[str, ...]]
) -> None:
    r"""Copy rows of texts into a table; none of them needs escaping, and `\N` is null."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor().copy(into) as copied:
        block: list[str] = []
        for row in rows:
            block.append("\t".join(row))
            if len(block) == _BLOCK:
                copied.write("\n".join(block) + "\n")
                block.clear()
        if block:
            copied.write("\n".join(block) + "\n")


# A trigram index is made ten times as fast from a full table as row by row.
_SLOW_INDEXES = (
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
    " JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam"
    " WHERE indrelid = %s::regclass AND amname = 'gin'"
)


def fill_patients(connection: psycopg.Connection[tuple[Any, ...]], count: int) -> None:
    """Put patients into an empty table, and the counter of their numbers behind them."""
    slow = connection.execute(_SLOW_INDEXES, ["patients"]).fetchall()
    for name, _ in slow:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    copy(connection, "patients", PATIENT_COLUMNS, patients(count))
    for _, definition in slow:
        connection.execute(definition)
    connection.execute(
        "INSERT INTO counters (name, value) VALUES ('patients.mrn', %s)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [count],
    )
