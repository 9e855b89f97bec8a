"""What comes back of a four-vector, by ROOT's own; left out where ROOT is not there."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest

from dtperf.selection.fourvector import vector_etas, vector_phis, vector_pts
from tests.selection.test_fourvector import ETA, PHI, PT, SIGN, N, masses

with warnings.catch_warnings():
    # the wheel announces that it is an alpha release
    warnings.simplefilter("ignore")
    ROOT = pytest.importorskip("ROOT")


def test_what_comes_back_and_masses() -> None:
    pt = SIGN * PT
    vectors = [ROOT.TLorentzVector() for _ in range(N)]
    for vector, *stored in zip(vectors, pt, ETA, PHI, strict=True):
        vector.SetPtEtaPhiM(*map(float, stored), 0.106)

    def rounded(numbers: list[float]) -> list[float]:
        return np.array(numbers).astype(np.float32).tolist()

    assert vector_pts(pt, PHI).tolist() == rounded([vector.Pt() for vector in vectors])
    assert vector_etas(pt, ETA, PHI).tolist() == rounded([vector.Eta() for vector in vectors])
    assert vector_phis(pt, PHI).tolist() == rounded([vector.Phi() for vector in vectors])
    pairs = pairwise(vectors)
    assert masses(pt, ETA, PHI).tolist() == rounded([(one + two).M() for one, two in pairs])
