"""The codes of ICD-10-CM: all of the shipped list, and nothing else.

`python -m tests.core.test_icd10cm` writes the list anew from the package that carries the tabular list.
"""

import gzip
import warnings

import pytest
from marshmallow import ValidationError

from server.core.codes import icd10cm


def derived() -> str:
    """Return the list as the package knows it."""
    with warnings.catch_warnings():
        # It reads its files by a function that Python 3.11 calls old.
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm as package

    codes = {code for code in package.get_all_codes() if package.is_category_or_subcategory(code)}
    return "\n".join(sorted(f"{code}\t{package.get_description(code)}" for code in codes)) + "\n"


def test_the_shipped_list_is_that_of_the_package():
    assert gzip.decompress(icd10cm.FILE.read_bytes()).decode() == derived()


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("A00", "Cholera"),
        ("J45", "Asthma"),
        ("J45.909", "Unspecified asthma, uncomplicated"),
        ("A52.16", "Charcôt's arthropathy (tabetic)"),
        ("I10", "Essential (primary) hypertension"),
        ("Z99.89", "Dependence on other enabling machines and devices"),
    ],
)
def test_what_a_code_stands_for(code, title):
    assert icd10cm.title_of(code) == title
    assert icd10cm.is_icd10cm(code)
    assert icd10cm.Icd10cm().deserialize(code) == code


@pytest.mark.parametrize("code", ["", "J45.", "J45.9099", "J46.9", "A00-A09", "10", "Cholera", "ZZZ", "Z99.8900"])
def test_what_is_no_code(code):
    assert not icd10cm.is_icd10cm(code)


@pytest.mark.parametrize("code", ["j45.909", "J45909", " J45", "J45\n", "J45.909 ", "٣45", 45, None])
def test_a_code_is_written_as_it_is_printed(code):
    with pytest.raises(ValidationError):
        icd10cm.Icd10cm().deserialize(code)


def test_an_unknown_code_is_told_from_a_misspelt_one():
    with pytest.raises(ValidationError, match="no such code"):
        icd10cm.Icd10cm().deserialize("J46.9")
    with pytest.raises(ValidationError, match="as it is printed"):
        icd10cm.Icd10cm().deserialize("j45.909")


if __name__ == "__main__":
    icd10cm.FILE.write_bytes(gzip.compress(derived().encode(), mtime=0))
