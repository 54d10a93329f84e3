"""A matplotlib figure that a notebook shows by itself."""

import io

from matplotlib.figure import Figure


class Picture(Figure):
    """A figure made without pyplot, so that no window and no global state refers to it."""

    def _repr_png_(self) -> bytes:
        drawn = io.BytesIO()
        self.savefig(drawn, format="png")
        return drawn.getvalue()
