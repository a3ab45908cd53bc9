"""The package `ecrlab.show` offers its names lazily."""

import subprocess
import sys

import pytest
from ecrlab import show


def test_every_offered_name_is_there() -> None:
    """What `__all__` promises can be taken, and nothing else is promised."""
    assert sorted(show._HOMES) == sorted(show.__all__)
    assert all(callable(getattr(show, name)) for name in show.__all__)


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    """A slip of the pen is answered with the list of names."""
    with pytest.raises(AttributeError) as caught:
        show.anatomie  # noqa: B018
    expected = f"module 'ecrlab.show' has no attribute 'anatomie'; it offers {', '.join(sorted(show._HOMES))}"
    assert expected == str(caught.value)


def test_pictures_need_no_plotting() -> None:
    """Drawing imports neither pandas, matplotlib, ipywidgets nor IPython, and no server or thread."""
    code = "import ecrlab, sys; ecrlab.show.anatomy, ecrlab.show.tags; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set() == {"pandas", "matplotlib", "ipywidgets", "IPython"} & set(loaded)
