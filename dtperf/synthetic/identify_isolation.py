"""Energy around muons: relative isolation sums."""

from __future__ import annotations

import numpy as np

from dtperf.synthetic.stages import TrueMuons
from dtperf.typing import F64

__all__ = ["relative_isolation"]


PROMPT_MEAN, PROMPT_AT_PT_GEV = 0.03, 45.0
# By Kind: share of muons with nothing around them, and with a hadronic surrounding
EMPTY_SHARE = np.array([0.50, 0.50, 0.08, 0.375])
JET_SHARE = np.array([0.015, 0.015, 0.92, 0.625])
JET_SCALE = np.array([1.4, 1.4, 3.0, 1.4])
JET_POWER = 1.7


def relative_isolation(rng: np.random.Generator, muons: TrueMuons) -> F64:
    """Draw pfIso04, the energy around each muon over its pT after the pile-up is taken off.

    Nothing is left for half of the prompt muons; for the others it is exponential with mean
    0.03 at 45 GeV and falls with pT. In jets, and around fakes, the distribution is
    (1 + x / a)**-2.7, read off the CMS histogram of all candidates.
    """
    n = len(muons.pt)
    process = rng.random(n)
    empty, jet = EMPTY_SHARE[muons.kind], JET_SHARE[muons.kind]
    prompt = PROMPT_MEAN * PROMPT_AT_PT_GEV / muons.pt * rng.standard_exponential(n)
    in_jet = JET_SCALE[muons.kind] * ((1 - rng.random(n)) ** (-1 / JET_POWER) - 1)
    surrounded = np.where(process >= 1 - jet, in_jet, prompt)
    return np.where(process < empty, 0.0, surrounded)
