from __future__ import annotations

import pytest

from dtperf.measurements import STANDARD
from dtperf.results.export.cells import to_tlatex


@pytest.mark.parametrize(
    ("label", "tlatex"),
    [
        (r"probe $p_T$ [GeV]", "probe p_{T} [GeV]"),
        (r"$m_{\mu\mu}$ [GeV]", "m_{#mu#mu} [GeV]"),
        (r"instantaneous luminosity [Hz/$\mu$b]", "instantaneous luminosity [Hz/#mub]"),
        (r"$\phi$ hits, at least", "#phi hits, at least"),
        ("run_number", "run_number"),
        ("price in $; or not", "price in $, or not"),
        ("", ""),
    ],
)
def test_label(label: str, tlatex: str) -> None:
    assert to_tlatex(label) == tlatex


def test_no_standard_label_keeps_a_mark_of_matplotlib() -> None:
    labels = [axis.label for measurement in STANDARD.values() for axis in measurement.axes]
    assert any("$" in label for label in labels)
    for label in labels:
        assert not {"$", "\\", ";"} & set(to_tlatex(label))
