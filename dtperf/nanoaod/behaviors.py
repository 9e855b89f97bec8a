"""Methods of the objects of muon DPG NANO: ``(mu1 + mu2).mass``, ``events.muon.matches``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import awkward as ak
from coffea.nanoevents.methods import base, candidate, vector
from coffea.util import dask_property

from dtperf.nanoaod.links import (
    EXTRAPOLATIONS,
    HITS,
    MATCHES,
    STA_MATCHES,
    Link,
    follow,
    follow_lazily,
)

__all__ = ["DTSegment", "LinkedMuon", "Muon", "behavior"]

behavior: dict[Any, Any] = {**base.behavior, **candidate.behavior}


def _linked(link: Link) -> Callable[[Any], Any]:
    """Return a decorator: a property that follows the link, and has the function's docstring."""

    def property_of(documented: Any) -> Any:
        @wraps(documented)
        def get(self: Any) -> Any:
            return follow(self, self._events(), link)

        def get_in_dask(_: Any, parents: Any) -> Any:
            return follow_lazily(parents, link)

        return dask_property(get).dask(get_in_dask)

    return property_of


class _MuonLinks(base.NanoCollection):  # type: ignore[misc]  # coffea has no type hints
    """What hangs on a muon besides its own columns."""

    @_linked(MATCHES)
    def matches(self) -> Any:
        """Extrapolations of the muon's track to the chambers it crosses.

        Shape (event, muon, match): records of ``muon_matches``, in file order.
        """

    @_linked(STA_MATCHES)
    def staMatches(self) -> Any:
        """Segments that the muon's standalone track is made of.

        Shape (event, muon, segment): records of ``dtSegment``, in the order of
        ``muon_staMatches``. An index that points to no segment of the event is left out.
        """


@ak.mixin_class(behavior)
class LinkedMuon(_MuonLinks):
    """A muon read without its whole four-vector."""


@ak.mixin_class(behavior)
class Muon(_MuonLinks, candidate.PtEtaPhiMCandidate):  # type: ignore[misc]
    """A muon that is a charged four-vector of ``pt``, ``eta``, ``phi``, ``mass`` (GeV)."""


@ak.mixin_class(behavior)
class DTSegment(base.NanoCollection):  # type: ignore[misc]
    """A segment of a DT chamber."""

    @_linked(HITS)
    def hits(self) -> Any:
        """Hits of the segment.

        Shape (event, segment, hit): records of ``dtSegment_hits``, in file order.
        """

    @_linked(EXTRAPOLATIONS)
    def extr(self) -> Any:
        """Extrapolations of the segment to the layers of its chamber.

        Shape (event, segment, layer): records of ``dtSegment_extr``, in file order.
        """


# coffea takes the classes of a projection and of a sum from these attributes, and does not
# inherit them: mixin_class makes the Array and Record classes anew for every mixin.
for _kind in ("Array", "Record"):
    _muon = globals()[f"Muon{_kind}"]
    _muon.ProjectionClass2D = getattr(vector, f"TwoVector{_kind}")
    _muon.ProjectionClass3D = getattr(vector, f"ThreeVector{_kind}")
    _muon.ProjectionClass4D = getattr(vector, f"LorentzVector{_kind}")
    _muon.MomentumClass = _muon
