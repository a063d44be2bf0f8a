"""What stands in cells where something else should: numbers beyond measure, days of another age, markup, nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

MARK = "zz-mark"
"""Name of an element and of an attribute that no page of ours has: a cell that becomes either of them got through."""

MARKUP = (
    f"<{MARK}>",
    f'"><{MARK} a="',
    f"'><{MARK} a='",
    f'" {MARK}="1',
    f"' {MARK}='1",
    f"</title></style></script><{MARK}>",
    f"&lt;{MARK}&gt;",
    "{{7*7}}{% raw %}",
)
NUMBERS = (
    *("0", "-0", "-1", "1", "7", "255", "1e308", "-1e308", "1e400", "1e-320", "inf", "-Infinity", "NaN", "9" * 19),
    *("9" * 400, "1" + "0" * 5000, "0.1", "1,5", "1.5", "1.234,5", "1,234.5", "12'345", "1 234", "\u22125", "5-", "+5"),
    *(
        "0x10",
        "1_000",
        "1e",
        ".",
        ",",
        "-",
        "½",
        "²",
        "①",
        "٣",
        "१२",
        "1²",
        "5 km",
        "80%",
        "$5",
        "1e5",
        "1E+15",
        "1e999",
    ),
)
MOMENTS = (
    *("0001-01-01", "9999-12-31 23:59:59", "2262-04-12 00:00:00", "1677-09-21 00:00:00", "0000-00-00 00:00:00"),
    *("1969-12-31T23:59:59Z", "1970-01-01 00:00:00", "2059-12-31", "2060-01-01", "2024-02-30", "2023-02-29 10:00:00"),
    *("2024-12-31 24:00:00", "2024-01-01T00:00:60Z", "2024-03-31T02:30:00", "2024-10-27T02:30:00", "99999-01-01"),
    *("2024-01-05T10:00:00+14:00", "2024-01-05T10:00:00-12:00", "2024-01-05T10:00:00+99:99", "2024-01-05T10:00:00 Z"),
    *("31.12.24", "12/31/2024", "31/12/2024", "1/2/3", "13/13/13", "20240105", "45413", "1700000000", "1700000000000"),
    *(
        "Jan 5, 2024",
        "5 mei 2024",
        "Nov 11",
        "2024年1月5日",
        "٢٠٢٤-٠١-٠٥",
        "²024-01-05",
        "5 jan. '24",
        "mar. 5 mar. 2024",
    ),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2024-01-05T25:61:61", "-2024-01-05", "2024-W05-3"),
)
TIMES = (
    *("00:00:00", "99:99:99", "9999:59:59", "23:59:59", "1:2:3:4", "5:10", "0:00", ":", "-1:30", "00:00:00.999999"),
    *("12:00 PM", "0:30 pm", "25h", "6h 17min", "7u30", "P1D", "PT1H30M", "100 days 23:59:59", "1:2²", "²:²²", "٣:٣٠"),
)
TEXTS = (
    *("", " ", "--", "N/A", "null", "None", "true", "FALSE", "=cmd|'/c calc'!A0", "@SUM(1)", "\ufeff", "\u202eevil"),
    *(
        "\u0000",
        "\u0007\u001b[31m",
        "\u2028",
        "\ufffe",
        "a\nb",
        "a\r\nb",
        'a"b',
        '"',
        "'",
        "\\",
        "\\u0000",
        "a,b;c\td|e",
    ),
    *("é" * 300, "x" * 3000, "x" * 100_000, "İıſß", "Running", "Hardlopen", "run", "ride", "Zwemmen", "pijn", "pain"),
    *("\U0001f3c3", "e\u0301" * 500, "ﷺ" * 200, "ﬃ", "\U000e0041", "%s%d{0}{x}", "../../etc/passwd", "C:\\CON"),
)
GROUPS = (NUMBERS, MOMENTS, TIMES, TEXTS, MARKUP)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -0.0, -1, 1, 1e308, -1e308, float("inf"), float("nan"), 10**30, 10**400, -(2**63), 2**64),
    *(
        "",
        [],
        {},
        [[]],
        [None],
        [0, "a", {}],
        {"a": 1},
        {"": None},
        1e-320,
        1700000000000,
        1700000000,
        0.5,
        253402300800,
    ),
    *(
        253402300800,
        "\ud800",
        "a\udfff",
        9223372036854775807,
        1e14,
        -6e13,
        8e15,
        [[[[[[]]]]]],
        {"value": {"value": {}}},
    ),
)


def pick_cell(chance: random.Random) -> str:
    """Return a text that hardly any cell should hold."""
    return chance.choice(chance.choice(GROUPS))


def pick_value(chance: random.Random) -> Any:
    """Return a value of JSON that hardly any place should hold."""
    return chance.choice(VALUES) if chance.random() < 0.7 else pick_cell(chance)
