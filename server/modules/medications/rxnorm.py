"""Read RxNorm's prescribable products: a CSV file, plain or gzipped, with a line for each product and ingredient.

The file names ingredients (`IN`), their salts (`PIN`) and combinations in which they also occur (`MIN`). Only the first
are what is in a product; combinations name other products. What it leaves out is read from the product's name.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from server.modules.medications.knowledge import bare_name, key_of
from server.modules.medications.knowledge.naming import ProductName, read_name

HEADER = ("ingredient_rxcui", "ingredient", "tty", "product_rxcui", "product_name", "brands")


class Unreadable(Exception):
    """The file is not what it should be."""


@dataclass(slots=True)
class Product:
    """A product: its code and name, its brands, and the ingredients that the file names, by key."""

    code: str
    name: str
    brands: tuple[str, ...]
    ingredients: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def read(self) -> ProductName:
        """Return what its name says."""
        return read_name(self.name)

    def contents(self, said: ProductName) -> list[tuple[str, str | None]]:
        """Return the name and code of each ingredient, in the order in which the product's name has them."""
        found = dict(self.ingredients)
        if len(said.parts) > len(found):
            for part in said.parts:
                if not self._names(part.substance):
                    found.setdefault(key_of(part.substance), (bare_name(part.substance), None))
        if not found:
            found = {key_of(part.substance): (bare_name(part.substance), None) for part in said.parts}
        folded = self.name.casefold()
        places = {key: folded.find(name.casefold()) for key, (name, _) in found.items()}
        return [found[key] for key in sorted(found, key=lambda key: places[key] if places[key] >= 0 else len(folded))]

    def _names(self, substance: str) -> bool:
        """Whether the file names what a part of the product is of: the same substance, or one that it begins with."""
        words = substance.casefold()
        return key_of(substance) in self.ingredients or any(
            words.startswith(name.casefold()) for name, _ in self.ingredients.values()
        )


def read_products(path: Path) -> dict[str, Product]:
    """Return the products by code; the file is read line by line and what is kept are its products."""
    found: dict[str, Product] = {}
    try:
        with _opened(path) as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in HEADER if name not in (reader.fieldnames or ())]
            if missing:
                raise Unreadable(f"This is not RxNorm's list of products: it has no column {', '.join(missing)}.")
            for row in reader:
                _take_in(found, row)
    except (csv.Error, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"The file cannot be read: {error}") from None
    return found


def _take_in(found: dict[str, Product], row: dict[str, str]) -> None:
    code, name = row["product_rxcui"], row["product_name"]
    if not (code and code.isdigit() and name):
        return
    product = found.get(code)
    if product is None:
        brands = tuple(dict.fromkeys(brand.strip() for brand in (row["brands"] or "").split("|") if brand.strip()))
        product = found[code] = Product(code, name, brands)
    if row["tty"] == "IN":
        product.ingredients.setdefault(key_of(row["ingredient"]), (row["ingredient"], row["ingredient_rxcui"]))


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """Give the text of a file, gzipped or not."""
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        packed: IO[bytes] = gzip.GzipFile(fileobj=raw) if is_gzip else raw  # type: ignore[assignment]
        try:
            yield io.TextIOWrapper(packed, encoding="utf-8-sig", newline="")
        except UnicodeDecodeError as error:
            raise Unreadable(f"The file is not UTF-8: {error.reason} at byte {error.start}.") from None
