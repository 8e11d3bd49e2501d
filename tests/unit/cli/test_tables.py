"""Tables that fit the terminal they are shown in."""

import pytest

from orderhub_cli.console import counted, print_table

ROWS = [
    ("R4273491837312", "open, unpaid, unfulfilled", "", "128.00 CNY"),
    ("R4273491837313", "completed, paid, received", "", "6.00 CNY"),
]
COLUMNS = ("Number", "State", "Note", "Total")


def shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    print_table("Orders", COLUMNS, ROWS, numeric="Total")
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    return [line.rstrip() for line in lines]


def test_a_table_has_a_line_for_each_row_and_no_column_without_content(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(capsys, monkeypatch, 80) == [
        "",
        "Orders",
        "Number           State                            Total",
        "─" * 55,
        "R4273491837312   open, unpaid, unfulfilled   128.00 CNY",
        "R4273491837313   completed, paid, received     6.00 CNY",
    ]


def test_in_a_narrow_terminal_cells_are_folded_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch, 40)

    words = {word for line in lines for word in line.split()}
    assert {"R4273491837312", "unfulfilled", "completed,", "128.00"} <= words


def test_where_words_do_not_fit_each_row_is_a_list(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(capsys, monkeypatch, 36) == [
        "",
        "Orders",
        "Number  R4273491837312",
        "State   open, unpaid, unfulfilled",
        "Total   128.00 CNY",
        "",
        "Number  R4273491837313",
        "State   completed, paid, received",
        "Total   6.00 CNY",
    ]


def test_a_very_long_word_is_broken_and_the_table_stays_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    print_table("Links", ("Id", "URL"), [("1", "https://shop.example/" + "x" * 80)])

    out = capsys.readouterr().out
    assert "─" in out
    assert out.replace("\n", "").replace(" ", "").endswith("x" * 20)


def test_counts_read_as_sentences() -> None:
    assert [counted(1, "order"), counted(2000, "order"), counted(2, "delivery")] == [
        "1 order",
        "2,000 orders",
        "2 deliveries",
    ]
