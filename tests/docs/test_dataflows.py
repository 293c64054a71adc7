"""The page of the comparison quotes the model as it answers now."""

from dataflows import COMPARE, write_tables


def test_the_page_shows_what_the_model_answers() -> None:
    text = COMPARE.read_text()
    assert text == write_tables(), "run `make docs` and read the change"
    assert text.count("<!-- table: ") == text.count("<!-- end -->") == 7
