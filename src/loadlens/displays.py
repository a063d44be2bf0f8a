"""What shows itself: a thing asks the summaries for its own, and only when somebody looks at it."""

from __future__ import annotations


class Shown:
    """A thing that is a small table in a notebook, and the same lines as text in a terminal.

    A dataclass that wants the text needs ``repr=False``; one that stands within other things has a line of its own.
    """

    def __repr__(self) -> str:
        from loadlens.summaries import show  # far above: nothing below needs to know how it is shown

        return repr(show(self))

    def _repr_html_(self) -> str:
        from loadlens.summaries import show

        return show(self)._repr_html_()
