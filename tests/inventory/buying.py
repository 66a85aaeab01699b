"""What tests of buying and counting share."""

from typing import Any

from tests.factories.people import SignedIn


def line(item: Any, quantity: int, **fields: Any) -> dict[str, Any]:
    """Return a line of an order as it is sent."""
    return {"item_id": str(item), "quantity_ordered": quantity, **fields}


def draw_up(someone: SignedIn, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Draw up an order and return what was answered."""
    answer = someone.post("/orders", json={"lines": list(lines), **fields})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def ordered(someone: SignedIn, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Draw up an order and order it."""
    answer = become(someone, draw_up(someone, *lines, **fields), "ordered")
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def path(order: Any, *more: str) -> str:
    """Return the path of an order, or of something below."""
    return "/".join(["/orders", str(order["id"]), *more])


def become(someone: SignedIn, order: Any, status: str) -> Any:
    """Change where an order stands."""
    return someone.patch(path(order, "status"), json={"status": status, "version": order["version"]})


def receive(someone: SignedIn, order: Any, *quantities: int, **facts: Any) -> Any:
    """Receive so many of each line of an order."""
    lines = [
        {"line_id": one["id"], "quantity": quantity, **facts}
        for one, quantity in zip(order["lines"], quantities, strict=False)
        if quantity
    ]
    return someone.post(path(order, "receipts"), json={"lines": lines})


def shown(someone: SignedIn, order: Any) -> dict[str, Any]:
    """Return an order as it is shown."""
    answer = someone.get(path(order))
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data
