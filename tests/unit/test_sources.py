"""Sources and units: the registry is sound, texts are checked, sizes read well."""

import pytest

from picojoule.errors import HardwareError
from picojoule.sources import SOURCES, check_source, citations, source_key
from picojoule.units import joules, seconds, size_text, square_millimetres


def test_every_citation_is_complete() -> None:
    for key, source in SOURCES.items():
        assert source.key == key
        assert source.authors and source.title and source.venue
        assert 1970 <= source.year <= 2030
        assert source.locator.startswith(("doi:10.", "arXiv:", "https://"))
        assert str(source.year) in str(source)
    locators = [source.locator for source in SOURCES.values()]
    assert len(set(locators)) == len(locators)


@pytest.mark.parametrize(
    ("text", "spelled", "key"),
    [
        ("sze2017", "sze2017", "sze2017"),
        (" sze2017 ,Table V ", "sze2017, Table V", "sze2017"),
        ("assumed:why", "assumed: why", "assumed"),
        ("stated: sheet, p. 3", "stated: sheet, p. 3", "stated"),
        ("calibrated: to x: y", "calibrated: to x: y", "calibrated"),
    ],
)
def test_texts(text: str, spelled: str, key: str) -> None:
    assert check_source(text, where="here") == spelled
    assert check_source(spelled, where="here") == spelled
    assert source_key(text) == key


@pytest.mark.parametrize("text", ["", "assumed", "assumed: ", "sze2071", "guess: x", ", Table V"])
def test_refusals(text: str) -> None:
    with pytest.raises(HardwareError) as caught:
        check_source(text, where="here")
    assert caught.value.where == "here"


def test_citations_are_each_once_and_sorted() -> None:
    keys = [s.key for s in citations(["sze2017, x", "horowitz2014", "sze2017", "assumed: y"])]
    assert keys == ["horowitz2014", "sze2017"]


def test_units() -> None:
    assert (joules(5e12), seconds(400, 200), square_millimetres(2e6)) == (5, 2, 2)
    sizes = {8: "1 B", 7: "7 bits", 1024 * 8: "1 kB", 1536 * 8: "1.5 kB", 2**33: "1 GB", 0: "0 B"}
    assert all(size_text(bits) == text for bits, text in sizes.items())
