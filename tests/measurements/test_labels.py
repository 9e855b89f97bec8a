from __future__ import annotations

import pytest

from dtperf.measurements import STANDARD
from dtperf.measurements.labels import as_text


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (r"probe $p_T$ [GeV]", "probe pT [GeV]"),
        (r"$m_{\mu\mu}$ [GeV]", "mμμ [GeV]"),
        (r"$|\Delta x|$ [cm]", "|Δx| [cm]"),
        (r"efficiency $\times$ acceptance", "efficiency × acceptance"),
        ("run_number", "run_number"),
        ("price in $; or not", "price in $; or not"),
    ],
)
def test_label(label: str, text: str) -> None:
    assert as_text(label) == text


def test_no_standard_text_keeps_a_mark_of_latex() -> None:
    labels = [
        text
        for measurement in STANDARD.values()
        for text in (measurement.title, *(axis.label for axis in measurement.axes))
    ]
    assert any("$" in label for label in labels)
    for label in labels:
        assert not {"$", "\\", "{"} & {*as_text(label)}
