"""Tables come back from bytes exactly as they went in."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from loadlens.log import TEXT, conform, describe_columns
from loadlens.packing import Unpackable, pack, unpack

TABLE = pd.DataFrame(
    {
        "number": [1.5, np.nan, -np.inf],
        "whole": np.array([1, 2, 3], "int32"),
        "flag": [True, False, True],
        "text": pd.array(["a", None, "é\n\0"], dtype=TEXT),
        "maybe": pd.array([1, None, 3], dtype="Int64"),
        "perhaps": pd.array([True, None, False], dtype="boolean"),
        "day": pd.to_datetime(["2024-03-01", None, "2024-03-03"]).astype("datetime64[us]"),
        "instant": pd.DatetimeIndex(["2024-03-01", None, "2024-03-03"], tz="UTC").as_unit("us"),
        "any": pd.Series(["a", None, pd.Timestamp("2024-03-01", tz="UTC")], dtype=object),
    }
)


def test_every_kind_of_column_comes_back_as_it_was():
    (found,), facts = [*unpack(pack({"t": TABLE}, None))[0].values()], None
    pd.testing.assert_frame_equal(found, TABLE)
    assert facts is None


@pytest.mark.parametrize("table", list(describe_columns()))
def test_every_table_of_a_log_comes_back_also_when_it_is_empty(table):
    frame = conform(table, pd.DataFrame())[0]
    found = unpack(pack({table: frame}, None))[0][table]
    pd.testing.assert_frame_equal(found, frame)
    pd.testing.assert_frame_equal(conform(table, found)[0], frame)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(pd.Timestamp)
nested = st.recursive(
    plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner)
)


@given(nested)
def test_facts_come_back_as_they_were(facts):
    found = unpack(pack({}, facts))[1]
    assert repr(found) == repr(facts)


@given(st.binary(max_size=300))
def test_other_bytes_are_refused(content):
    with pytest.raises(Unpackable):
        unpack(content)


def test_what_has_no_form_is_refused():
    with pytest.raises(Unpackable):
        pack({"t": pd.DataFrame({"x": [object()]})}, None)
    with pytest.raises(Unpackable):
        pack({}, {1, 2})
