"""Special functions are those of SciPy, had without the rest of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import scipy.special

import dtperf
from dtperf.statistics import special

USED = sorted(
    {
        name
        for path in Path(dtperf.__file__).parent.rglob("*.py")
        for name in re.findall(r"(?<![\w.])special\.([a-z]\w+)\b", path.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("name", USED)
def test_it_is_that_of_scipy(name: str) -> None:
    assert getattr(special, name) is getattr(scipy.special, name)


def test_all_that_are_used_were_looked_at() -> None:
    assert {"betaincinv", "bdtr", "chdtrc", "gammaln", "ndtri", "stdtr"} <= {*USED}


def test_a_function_that_is_not_compiled_is_that_of_scipy() -> None:
    assert special.logsumexp is scipy.special.logsumexp


def test_there_is_no_other() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = special.nothing


def later(code: str) -> str:
    """Run code in a new Python, where a special function has been called."""
    first = "import sys; from dtperf.statistics import special; special.ndtri(0.5)"
    done = subprocess.run(
        [sys.executable, "-c", f"{first}\n{code}"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_nothing_else_is_imported() -> None:
    wanted = "{'numpy.f2py', 'numpy.testing', 'scipy.special._orthogonal', 'scipy._lib._array_api'}"
    assert later(f"print({wanted} & {{*sys.modules}})") == "set()"


@pytest.mark.parametrize(
    "code",
    [
        "import scipy; print(scipy.special.softmax.__name__)",
        "import scipy.special; print(scipy.special.softmax.__name__)",
        "from scipy.special import softmax; print(softmax.__name__)",
        "from scipy.special import *; print(softmax.__name__)",
        "import scipy.stats, scipy.special; print(scipy.special.softmax.__name__)",
        "import scipy.special as it; assert 'softmax' in dir(it); print(it.softmax.__name__)",
    ],
)
def test_who_asks_for_scipy_special_gets_all_of_it(code: str) -> None:
    assert later(code) == "softmax"


def test_what_was_imported_before_is_a_part_of_it() -> None:
    same = later(
        """import scipy.special as before
before.softmax
import scipy.special
print(before._gufuncs is scipy.special._gufuncs is sys.modules["scipy.special._gufuncs"])"""
    )
    assert same == "True"


def test_threads_that_ask_at_once_get_the_same() -> None:
    different = later(
        """from concurrent.futures import ThreadPoolExecutor
import scipy.special as before
def get(_):
    from scipy.special import softmax
    return softmax, before.softmax
found = {each for pair in ThreadPoolExecutor(8).map(get, range(8)) for each in pair}
print(len(found))"""
    )
    assert different == "1"
