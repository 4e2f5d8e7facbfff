"""Tables for spreadsheets: every key a column, and nothing that they compute or obey."""

from nndl.runs.csv_table import as_csv, cell


def test_every_key_of_any_row_is_a_column() -> None:
    assert as_csv([{"a": 1, "b": "x"}, {"b": "y", "c": 0.5}]) == "a,b,c\n1,x,\n,y,0.5\n"


def test_text_is_neither_computed_nor_obeyed_and_numbers_stay() -> None:
    assert [cell(text) for text in ("=1+1", "@me", "-cmd", "-0.5", "+1e-3", "runs/one")] == [
        *("'=1+1", "'@me", "'-cmd", "-0.5", "+1e-3", "runs/one"),
    ]
    assert cell("a\x1b[31m") == "a\\x1b[31m"
