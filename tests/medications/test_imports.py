"""Products come from RxNorm, medications and interactions from sheets; all that people keep stays as it is."""

import gzip

import pytest

from server.core.db import reading
from server.modules.medications.knowledge import interactions_among
from tests.factories.database import query
from tests.medications.support import add, names, run

HEADER = "ingredient_rxcui,ingredient,tty,unii,product_rxcui,product_name,brands,ndc_count,ndc11_sample"
CLAV = "617296,amoxicillin 250 MG / clavulanate 125 MG Oral Tablet,Augmentin|Augmentin ES,3,0001"
HYDRO = "856903,acetaminophen 300 MG / hydrocodone bitartrate 5 MG Oral Tablet,Vicodin,1,0002"
METFORMIN = "860975,24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet,,0,"
RXNORM = "\n".join(
    (
        HEADER,
        f"214250,amoxicillin / clavulanate,MIN,,{CLAV}",
        f"48203,clavulanate,IN,,{CLAV}",
        f"1,codeine / hydrocodone,MIN,,{HYDRO}",
        f"5489,hydrocodone,IN,,{HYDRO}",
        f"203154,hydrocodone bitartrate,PIN,,{HYDRO}",
        f"6809,metformin,IN,,{METFORMIN}",
        f"235743,metformin hydrochloride,PIN,,{METFORMIN}",
        f'1,long,IN,,999,"{"antigen of a strain, inactivated " * 12}1 MG/ML Injection",,0,',
    )
)


@pytest.fixture
def rxnorm(tmp_path):
    """Give RxNorm's list of four products, gzipped."""
    path = tmp_path / "rxnorm.csv.gz"
    path.write_bytes(gzip.compress(RXNORM.encode()))
    return path


def test_products_of_rxnorm(app, pharmacist, rxnorm):
    result = run(app, "rxnorm", rxnorm)
    assert result.exit_code == 0, result.output
    assert "4 read, 4 added, 0 there already, 1 controlled" in result.output
    assert "MB of memory" in result.output
    (metformin,) = pharmacist.get("/medications?q=860975").json["data"]
    assert metformin["name"] == "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"
    assert metformin["ingredients"] == [{"name": "metformin", "rxnorm_code": "6809"}]
    said = {name: metformin[name] for name in ("form", "strength", "unit", "generic_name", "brands", "version")}
    assert said == {
        "form": "Extended Release Oral Tablet",
        "strength": "500 MG",
        "unit": "tablet",
        "generic_name": "metformin",
        "brands": [],
        "version": 1,
    }
    assert (metformin["prescription_required"], metformin["controlled_schedule"]) == (True, None)
    assert (metformin["price_per_unit"], metformin["quantity"]) == ("0.00", 0)
    assert metformin["is_active"] is True


def test_what_the_file_leaves_out_is_read_from_the_name(app, pharmacist, rxnorm):
    run(app, "rxnorm", rxnorm)
    (augmentin,) = pharmacist.get("/medications?q=augmentin").json["data"]
    assert augmentin["ingredients"] == [
        {"name": "amoxicillin", "rxnorm_code": None},
        {"name": "clavulanate", "rxnorm_code": "48203"},
    ]
    assert augmentin["brands"] == ["Augmentin", "Augmentin ES"]
    (vicodin,) = pharmacist.get("/medications?q=vicodin").json["data"]
    # Combinations in which an ingredient also occurs are not in it.
    assert [one["name"] for one in vicodin["ingredients"]] == ["acetaminophen", "hydrocodone"]
    assert vicodin["controlled_schedule"] == "II"
    assert names(pharmacist, q="amoxi") == [augmentin["name"]]
    (vaccine,) = pharmacist.get("/medications?q=999").json["data"]
    assert len(vaccine["name"]) == 200
    assert vaccine["name"].endswith("…")


def test_again_it_changes_nothing(app, pharmacist, rxnorm):
    mine = add(pharmacist, name="Our metformin", rxnorm_code="860975", prescription_required=False)
    assert "4 read, 3 added, 1 there already" in run(app, "rxnorm", rxnorm).output
    before = query(app, "SELECT * FROM medications ORDER BY id")
    assert "4 read, 0 added, 4 there already, 0 controlled" in run(app, "rxnorm", rxnorm).output
    assert query(app, "SELECT * FROM medications ORDER BY id") == before
    assert pharmacist.get(f"/medications/{mine['id']}").json["data"] == mine


@pytest.mark.parametrize("content", [b"name,price\na,1\n", b"", b"\x1f\x8bnot gzip", b"\xff\xfe"])
def test_another_file_is_refused(app, tmp_path, content):
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    result = run(app, "rxnorm", path)
    assert result.exit_code == 1
    assert result.output.startswith("Error:")
    assert query(app, "SELECT id FROM medications") == []


def test_all_of_rxnorm(app, data_dir, pharmacist):
    path = data_dir / "rxnorm_prescribable_ingredient_product_ndc.csv.gz"
    result = run(app, "rxnorm", path)
    assert "11307 read, 11307 added" in result.output, result.output
    assert query(app, "SELECT count(*) AS n FROM medications WHERE ingredient_count = 0") == [{"n": 0}]
    assert names(pharmacist, q="lasix")[:3] == [f"furosemide {dose} MG Oral Tablet" for dose in (20, 40, 80)]
    assert names(pharmacist, q="tylenol")[0].startswith("acetaminophen 300 MG / codeine")
    assert names(pharmacist, q="hydrochlorothiazide")[0] == "hydrochlorothiazide 12.5 MG Oral Capsule"
    assert names(pharmacist, q="197730") or names(pharmacist, q="197731")


def sheet(tmp_path, *lines, header="name,ingredients,brands,price_per_unit,quantity,expiration_date,is_active"):
    path = tmp_path / "sheet.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


GOOD = 'Amoxil,amoxicillin|723; clavulanate,"Amoxil; Trimox",0.35,40,2030-01-31,yes'


def test_medications_of_a_sheet(app, manager, tmp_path):
    result = run(app, "medications", sheet(tmp_path, GOOD, "Plain,,,,,,", ",,,,,,"))
    assert result.exit_code == 0, result.output
    assert "Medications: 2 of 2 taken in, 0 wrong" in result.output
    amoxil, plain = manager.get("/medications").json["data"]
    assert amoxil["ingredients"] == [
        {"name": "amoxicillin", "rxnorm_code": "723"},
        {"name": "clavulanate", "rxnorm_code": None},
    ]
    assert (amoxil["brands"], amoxil["price_per_unit"]) == (["Amoxil", "Trimox"], "0.35")
    assert (amoxil["quantity"], amoxil["expiration_date"]) == (40, "2030-01-31")
    assert (plain["name"], plain["quantity"]) == ("Plain", 0)


WRONG = (
    (",,,,,,x", "is_active"),
    ("A,,,1.005,,,", "price_per_unit"),
    ("A,,,,many,,", "quantity"),
    ("A,,,,,2030-01-31,", "quantity"),
    ("A,codeine; Codeine phosphate,,,,,", "ingredients.1.name"),
    ("A,zinc|x,,,,,", "ingredients.0.rxnorm_code"),
    ("A,b", "(line)"),
)


@pytest.mark.parametrize(("line", "field"), WRONG)
def test_with_a_wrong_line_nothing_is_taken_in_unless_asked(app, manager, tmp_path, line, field):
    path = sheet(tmp_path, GOOD, line)
    result = run(app, "medications", path)
    assert result.exit_code == 1
    assert f"line 3\t{field}\t" in result.output
    assert "0 of 2 taken in, 1 wrong" in result.output
    assert query(app, "SELECT id FROM items") == query(app, "SELECT id FROM medications") == []
    result = run(app, "medications", path, "--partial")
    assert (result.exit_code, "1 of 2 taken in, 1 wrong" in result.output) == (1, True)
    assert names(manager) == ["Amoxil"]


def test_lines_that_the_database_refuses(app, manager, tmp_path):
    add(manager, rxnorm_code="723")
    path = sheet(tmp_path, "A,723", "B,724", "C,724", header="name,rxnorm_code")
    result = run(app, "medications", path)
    assert "line 2\trxnorm_code" in result.output
    assert "line 4\trxnorm_code" in result.output
    assert "0 of 3 taken in, 2 wrong" in result.output
    assert "1 of 3 taken in" in run(app, "medications", path, "--partial").output
    assert sorted(names(manager)) == ["Amoxicillin 500 MG Oral Capsule", "B"]


@pytest.mark.parametrize("header", ["nom", "name,name", "brands", "name,witness", ""])
def test_a_header_of_other_fields_is_refused(app, tmp_path, header):
    result = run(app, "medications", sheet(tmp_path, "x", header=header))
    assert result.exit_code == 1
    assert "The first line has to name our fields" in result.output


PAIRS = "a,b,severity,message,source"


def test_interactions_of_a_sheet(app, tmp_path):
    lines = ("Simvastatin,clarithromycin,info,Ours,Formulary", "Kava,NSAIDs,warning,Bleeding,Formulary")
    for _ in range(2):
        result = run(app, "interactions", sheet(tmp_path, *lines, header=PAIRS))
        assert (result.exit_code, result.output) == (0, "Interactions: 2 of 2 taken in, 0 wrong\n")
    assert len(query(app, "SELECT id FROM drug_interactions")) == 2
    with app.app_context():
        (pair,) = interactions_among(reading(), {"simvastatin"}, {"clarithromycin"})
        assert (pair.severity, pair.message, pair.source) == ("info", "Ours", "Formulary")
        assert len(interactions_among(reading(), {"kava"}, {"nsaids"})) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("a,b,grave,m,s", "severity"),
        ("a,,info,m,s", "b"),
        ("...,b,info,m,s", "(line)"),
        ("NSAIDs,kava,info,m,s", "The same pair as line 2"),
    ],
)
def test_wrong_lines_of_interactions(app, tmp_path, line, why):
    path = sheet(tmp_path, "Kava,nsaid,warning,Bleeding,Formulary", line, header=PAIRS)
    result = run(app, "interactions", path)
    assert (result.exit_code, why in result.output, "0 of 2 taken in, 1 wrong" in result.output) == (1, True, True)
    assert query(app, "SELECT id FROM drug_interactions") == []
    assert "1 of 2 taken in" in run(app, "interactions", path, "--partial").output
