"""The 250 DT chambers: names, sizes, frames, superlayers, cells, and which chambers a line meets.

x, y, z = geometry.to_local(geometry.Chamber(-1, 12, 2).code, 504.0, -310.0, -260.0)
crossings = geometry.chambers_on_lines(points, directions, margin_cm=5.0)
"""

from __future__ import annotations

from dtperf.detector.acceptance import fiducial_acceptances
from dtperf.detector.cells import (
    CELL_HEIGHT_CM,
    CELL_WIDTH_CM,
    LayerCells,
    layer_cells,
    wire_positions_cm,
)
from dtperf.detector.edges import edge_distance, edge_distances, sensitive_edge_distances
from dtperf.detector.frames import (
    direction_to_global,
    direction_to_local,
    frame_table,
    global_direction,
    global_point,
    local_direction,
    local_point,
    to_global,
    to_local,
)
from dtperf.detector.lines import LineCrossings, chambers_on_lines
from dtperf.detector.numbering import (
    N_CODES,
    Chamber,
    chamber_codes,
    chambers,
    codes_of_raw_ids,
    of_chambers,
    raw_ids,
    sectors,
    stations,
    wheels,
)
from dtperf.detector.places import Place, chamber_numbers, places
from dtperf.detector.search import MAX_CANDIDATES, candidate_codes, search_table
from dtperf.detector.superlayers import (
    SUPERLAYER_THICKNESS_CM,
    Envelopes,
    Superlayer,
    envelopes,
    superlayer_table,
    superlayers,
)
from dtperf.detector.table import (
    centres_cm,
    distances_cm,
    facings,
    lengths_cm,
    offsets_cm,
    sector_angles,
    thicknesses_cm,
    twelve_sectors,
    widths_cm,
)
from dtperf.lazy_import import listed

__all__ = [
    "CELL_HEIGHT_CM",
    "CELL_WIDTH_CM",
    "MAX_CANDIDATES",
    "N_CODES",
    "SUPERLAYER_THICKNESS_CM",
    "Chamber",
    "Envelopes",
    "LayerCells",
    "LineCrossings",
    "Place",
    "Superlayer",
    "candidate_codes",
    "centres_cm",
    "chamber_codes",
    "chamber_numbers",
    "chambers",
    "chambers_on_lines",
    "codes_of_raw_ids",
    "direction_to_global",
    "direction_to_local",
    "distances_cm",
    "edge_distance",
    "edge_distances",
    "envelopes",
    "facings",
    "fiducial_acceptances",
    "frame_table",
    "global_direction",
    "global_point",
    "layer_cells",
    "lengths_cm",
    "local_direction",
    "local_point",
    "of_chambers",
    "offsets_cm",
    "places",
    "raw_ids",
    "search_table",
    "sector_angles",
    "sectors",
    "sensitive_edge_distances",
    "stations",
    "superlayer_table",
    "superlayers",
    "thicknesses_cm",
    "to_global",
    "to_local",
    "twelve_sectors",
    "wheels",
    "widths_cm",
    "wire_positions_cm",
]
__dir__ = listed(__name__)
