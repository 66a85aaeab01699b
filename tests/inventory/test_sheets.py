"""Items as CSV: out, and in again without a change; what is wrong is said line by line, and then nothing comes in."""

import csv
import io
from uuid import UUID

import pytest

from tests.factories.database import audit_rows, query
from tests.factories.people import make_user, signed_in
from tests.factories.stock import make_item, receive
from tests.inventory.http import NOWHERE, add, path
from tests.inventory.test_items import WHOLE
from tests.patients.support import ids, refused

HEADER = (
    "id,name,kind,brand,sku,barcode,category,unit,pack_size,reorder_point,target_level,is_critical,is_active,"
    "unit_cost,supplier,purchase_link,image,notes,quantity,available,version"
)


@pytest.fixture
def technician(app, clock):
    """Give a client signed in as a technician."""
    return signed_in(app, "technician")


def out(someone, asked=""):
    """Return the sheet as text."""
    answer = someone.get(f"/items.csv{asked}")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/csv"
    return answer.get_data().decode()


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sheet(*lines):
    """Return a sheet of lines, each a list of cells."""
    file = io.StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue()


def take_in(someone, text, asked=""):
    """Send a sheet as it is."""
    data = text if isinstance(text, bytes) else text.encode()
    headers = {**someone.tokens.headers, "Content-Type": "text/csv"}
    return someone.client.post(f"/api/v1/items/import{asked}", data=data, headers=headers)


def report(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def statuses(answer):
    return [one["status"] for one in report(answer)["lines"]]


@pytest.fixture
def shelf(app, technician):
    """Give a shelf with what is hard to write: formulas, quotes, line breaks, other alphabets."""
    heading = technician.post("/categories", json={"name": "=Dressings"}).json["data"]["id"]
    acme = technician.post("/suppliers", json={"name": "Acme, Inc"}).json["data"]["id"]
    made = [
        add(technician, **{**WHOLE, "category_id": heading, "supplier_id": acme}),
        add(technician, name="=1+1", brand="'=2", notes='He said "no",\n- then @left\twith\n', unit_cost="10.00"),
        add(technician, name="-5 °C Gefäß", kind="equipment", sku="+49", barcode="@x", minimum_stock=3),
        add(technician, name="محمد 王", is_critical=True),
    ]
    receive(app, UUID(made[3]["id"]), 7)
    technician.delete(f"/suppliers/{acme}")
    return made


def test_out_and_in_again_is_no_change(app, technician, shelf):
    make_item(app, name="Aspirin", kind="medication")
    text = out(technician)
    assert text.splitlines()[0] == HEADER
    shown = {row["id"]: row for row in rows(text)}
    assert len(shown) == 5
    first, second, third, last = (shown[one["id"]] for one in shelf)
    assert (first["category"], first["supplier"], first["unit_cost"]) == ("'=Dressings", "Acme, Inc", "0.12")
    assert (second["name"], second["brand"]) == ("'=1+1", "''=2")
    assert (third["name"], third["sku"], third["barcode"], third["reorder_point"]) == (
        "'-5 °C Gefäß",
        "'+49",
        "'@x",
        "3",
    )
    assert (last["quantity"], last["available"], last["is_critical"]) == ("7", "7", "true")
    before = technician.get("/items").json["data"]
    assert set(statuses(take_in(technician, text))) == {"unchanged"}
    assert technician.get("/items").json["data"] == before
    # Also without the ids: by SKU, or by name and brand.
    bare = [{name: cell for name, cell in row.items() if name not in ("id", "version")} for row in rows(text)]
    again = sheet(list(bare[0]), *(list(row.values()) for row in bare))
    assert set(statuses(take_in(technician, again))) == {"unchanged"}
    assert technician.get("/items").json["data"] == before


def test_no_cell_is_a_formula(app, technician, shelf):
    for row in rows(out(technician)):
        assert not [cell for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and cell]


def test_new_lines_begin_items_and_changed_ones_change_them(app, technician):
    technician.post("/categories", json={"name": "Dressings"})
    gauze = add(technician, name="Gauze", sku="G1", notes="Old", brand="Acme")
    lines = [
        ["name", "kind", "sku", "category", "unit_cost", "minimum_stock", "is_critical", "notes", "quantity"],
        ["Gauze pads", "supply", "G1", "DRESSINGS", "0.35", "10", "yes", "", "999"],
        ["Tape", "equipment", "", "", "", "", "", "Keep dry\nand cool", ""],
        ["", "", "", "", "", "", "", "", ""],
    ]
    answer = take_in(technician, sheet(*lines))
    told = report(answer)
    assert (told["created"], told["updated"], told["unchanged"], told["refused"]) == (1, 1, 0, 0)
    assert [(one["line"], one["status"], one["errors"]) for one in told["lines"]] == [
        (2, "updated", {}),
        (3, "created", {}),
    ]
    changed = technician.get(path(gauze)).json["data"]
    assert (changed["name"], changed["unit_cost"], changed["reorder_point"]) == ("Gauze pads", "0.35", 10)
    assert (changed["is_critical"], changed["notes"], changed["brand"]) == (True, None, "Acme")
    assert (changed["quantity"], changed["version"], told["lines"][0]["item_id"]) == (0, 2, gauze["id"])
    made = technician.get(path(told["lines"][1]["item_id"])).json["data"]
    assert (made["kind"], made["unit"], made["pack_size"], made["notes"]) == (
        "equipment",
        "piece",
        1,
        "Keep dry\nand cool",
    )
    assert statuses(take_in(technician, sheet(*lines))) == ["unchanged", "unchanged"]
    assert technician.get("/items?q=pads").json["meta"]["total"] == 1


@pytest.mark.parametrize(
    ("header", "line", "field"),
    [
        ("name kind", ["", "supply"], "name"),
        ("name kind", ["x", "drug"], "kind"),
        ("name", ["New"], "kind"),
        ("kind", ["supply"], "name"),
        ("name kind", ["x"], "(line)"),
        ("name kind pack_size", ["x", "supply", "0"], "pack_size"),
        ("name kind pack_size", ["x", "supply", "1.5"], "pack_size"),
        ("name kind pack_size", ["x", "supply", "99999999999"], "pack_size"),
        ("name kind is_critical", ["x", "supply", "maybe"], "is_critical"),
        ("name kind unit_cost", ["x", "supply", "1,50"], "unit_cost"),
        ("name kind unit_cost", ["x", "supply", "-1"], "unit_cost"),
        ("name kind purchase_link", ["x", "supply", "javascript:alert(1)"], "purchase_link"),
        ("name kind category", ["x", "supply", "Nowhere"], "category"),
        ("name kind supplier", ["x", "supply", "Nobody"], "supplier"),
        ("name kind supplier", ["x", "supply", "Gone"], "supplier"),
        ("name kind", ["x", "medication"], "kind"),
        ("id name kind", ["x", "x", "supply"], "id"),
        ("sku name", ["S1", "<b>x</b>"], "name"),
        ("sku version name", ["S1", "9", "Other"], "version"),
        ("sku is_active", ["S1", "false"], "(line)"),
        ("sku kind", ["S1", "medication"], "kind"),
        ("id name kind sku", [str(NOWHERE), "New", "supply", "S1"], "sku"),
        ("name brand kind unit", ["Twin", "", "supply", "box"], "name"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_taken_in(app, technician, header, line, field):
    gone = technician.post("/suppliers", json={"name": "Gone"}).json["data"]["id"]
    technician.delete(f"/suppliers/{gone}")
    there = add(technician, name="There", sku="S1")
    receive(app, UUID(there["id"]), 5)
    for _ in range(2):
        add(technician, name="Twin")
    before = technician.get("/items").json["data"]
    names = header.split()
    good = {"name": "Good", "kind": "supply", "sku": "GOOD"}
    text = sheet(names, [good.get(name, "") for name in names], line)
    answer = take_in(technician, text)
    refused(answer, 422, "import_refused", f"lines.3.{field}")
    wrong = answer.json["lines"][-1]
    assert (wrong["line"], wrong["status"], wrong["item_id"]) == (3, "refused", None)
    assert field in wrong["errors"]
    assert technician.get("/items").json["data"] == before


def test_of_a_partial_one_the_good_lines_are_taken_in(app, technician):
    text = sheet(
        ["name", "kind", "sku"],
        ["A", "supply", "S1"],
        ["B", "drug", ""],
        ["C", "supply", "S1"],
        ["D", "equipment", ""],
        ["D", "equipment", ""],
    )
    answer = take_in(technician, text, "?partial=true")
    told = report(answer)
    assert [one["status"] for one in told["lines"]] == ["created", "refused", "refused", "created", "refused"]
    assert [list(one["errors"]) for one in told["lines"]] == [[], ["kind"], ["(line)"], [], ["(line)"]]
    assert (told["created"], told["refused"]) == (2, 3)
    assert ids(technician.get("/items")) == [told["lines"][0]["item_id"], told["lines"][3]["item_id"]]
    assert audit_rows(app)[-2]["action"] == "items.import"
    refused(take_in(technician, text, "?partial=perhaps"), 422, "validation_failed", "partial")


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        "name,colour\nx,red\n",
        "name,name\nx,y\n",
        'name,kind\n"x,supply\n',
        "minimum_stock,reorder_point\n1,1\n",
    ],
)
def test_what_is_no_sheet_is_refused(technician, text):
    refused(take_in(technician, text), 422, "validation_failed", "file")


def test_an_empty_body_and_other_types_are_refused(technician):
    refused(take_in(technician, ""), 422, "validation_failed", "file")
    refused(technician.post("/items/import", json={}), 415, "unsupported_media_type")


def test_it_has_at_most_ten_megabytes(technician):
    assert take_in(technician, b"name,kind\n" + b"x" * (10 * 1024 * 1024)).status_code == 413


def test_it_may_come_as_a_form(technician):
    text = sheet(["name", "kind"], ["Ünïcode", "supply"])
    file = (io.BytesIO(b"\xef\xbb\xbf" + text.encode()), "items.csv", "text/csv")
    answer = technician.client.post(
        "/api/v1/items/import",
        data={"file": file},
        headers=technician.tokens.headers,
        content_type="multipart/form-data",
    )
    assert statuses(answer) == ["created"]
    assert technician.get("/items").json["data"][0]["name"] == "Ünïcode"


def test_with_a_key_it_is_taken_in_once(technician):
    text = sheet(["name", "kind"], ["A", "supply"])
    headers = {**technician.tokens.headers, "Content-Type": "text/csv", "Idempotency-Key": "sheet-1"}
    first, second = (technician.client.post("/api/v1/items/import", data=text, headers=headers) for _ in range(2))
    assert (first.json["data"]["created"], second.json) == (1, first.json)
    other = technician.client.post("/api/v1/items/import", data=text.replace("A", "B"), headers=headers)
    refused(other, 422, "idempotency_key_reused")


def test_a_sheet_has_a_bound(technician, monkeypatch):
    monkeypatch.setattr("server.modules.inventory.resources.sheets.MOST_LINES", 2)
    lines = [[f"A{number}", "supply"] for number in range(3)]
    refused(take_in(technician, sheet(["name", "kind"], *lines)), 422, "validation_failed", "file")
    assert len(statuses(take_in(technician, sheet(["name", "kind"], *lines[:2])))) == 2


def test_a_long_list_comes_out_whole_and_in_order(app, technician, monkeypatch):
    monkeypatch.setattr("server.modules.inventory.queries.sheets.ROWS_AT_ONCE", 3)
    for number in range(7):
        add(technician, name=f"Item {number // 2}")
    listed = [row["id"] for row in rows(out(technician))]
    assert listed == ids(technician.get("/items"))
    assert out(technician, "?q=3").count("\r\n") == 2
    assert out(technician, "?is_active=false").count("\r\n") == 1


def test_who_may(app, technician):
    for role in ("cashier", "nurse"):
        assert out(signed_in(app, role)).startswith("id,name")
        refused(take_in(signed_in(app, role), "name,kind\nx,supply\n"), 403, "forbidden")
    refused(signed_in(app, "patient").get("/items.csv"), 403, "forbidden")
    manager = signed_in(app, "pharmacy_manager")
    assert statuses(take_in(manager, "name,kind\nAspirin,medication\n")) == ["created"]


def flask(app, *arguments):
    return app.test_cli_runner().invoke(args=["import", "items", *map(str, arguments)])


def test_by_command(app, clock, tmp_path):
    file = tmp_path / "items.csv"
    file.write_text(sheet(["name", "kind"], ["Aspirin", "medication"], ["x", "drug"]))
    result = flask(app, file)
    assert result.exit_code == 1
    assert "line 3\tkind" in result.output
    assert query(app, "SELECT name FROM items") == []
    result = flask(app, file, "--partial")
    assert (result.exit_code, [row["name"] for row in query(app, "SELECT name FROM items")]) == (1, ["Aspirin"])
    assert "1 created" in result.output
    file.write_text(sheet(["name", "kind"], ["Aspirin", "medication"]))
    result = flask(app, file)
    assert (result.exit_code, "1 unchanged" in result.output) == (0, True)
    file.write_bytes(b"\xff")
    assert "not UTF-8" in flask(app, file).output
    make_user(app, "admin")
