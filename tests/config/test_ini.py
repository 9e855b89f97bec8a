from __future__ import annotations

import pytest

from dtperf.config import from_ini, load_config
from dtperf.config.ini import KEYS
from dtperf.errors import ConfigError

REFERENCE = """\
; the reference's values
[TagAndProbe]
pair_minInvMass = 81. ; GeV
pair_maxInvMass = 101.
pair_maxAbsDz = 1.0
pair_minDr = 0.3

tag_useIsoHltPath = true
tag_isoCut = 0.15
tag_minPt = 27;GeV
probe_minPt=20
probe_maxAbsEta = 1.2, 1.05, 0.9, 0.75 ; MB1 to MB4
probe_minTrkLayers = 6
probe_minPixelHits = 1
probe_isoCut = 0.15
probe_minNMatchedSeg = 2
  probe_minNRPCLayers = 10
    ; indented, and not a part of the line above
    probe_maxBorderDx = -15.
probe_maxBorderDy = -15.
passing_probe_maxTkSegDx = 15.
passing_probe_maxTkSegDy = 15.
passing_probe_maxTkSegDr = 999.
"""


def _with(key: str, value: str) -> str:
    lines = [line for line in REFERENCE.splitlines() if line.partition("=")[0].strip() != key]
    return "\n".join([*lines, f"{key} = {value}"])


def test_the_reference() -> None:
    config, notes = from_ini(REFERENCE, "TnP.ini")
    reference = load_config("reference_2023")
    assert config.selection == reference.selection
    assert config.hash == reference.hash
    assert len(notes) == 2
    assert "truncate_extrapolation" in notes[0]
    assert "root_binning" in notes[1]


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda text: text.replace("\n", "\r\n")])
def test_case_and_line_ends(change) -> None:  # type: ignore[no-untyped-def]
    assert from_ini(change(REFERENCE), "TnP.ini") == from_ini(REFERENCE, "TnP.ini")


VALUES = {
    "pair_minInvMass": ("70", 70.0),
    "pair_maxInvMass": ("110.5", 110.5),
    "pair_maxAbsDz": ("0.1", 0.1),
    "pair_minDr": ("0.4", 0.4),
    "tag_useIsoHltPath": ("false", "single"),
    "tag_isoCut": ("0.2", 0.2),
    "tag_minPt": ("29", 29.0),
    "probe_minPt": ("10", 10.0),
    "probe_maxAbsEta": ("1.1 1.0\t0.8,0.7", (1.1, 1.0, 0.8, 0.7)),
    "probe_minTrkLayers": ("5", 5),
    "probe_minPixelHits": ("2", 2),
    "probe_isoCut": ("0.3", 0.3),
    "probe_minNMatchedSeg": ("1", 1),
    "probe_minNRPCLayers": ("3", 3),
    "probe_maxBorderDx": ("-10", -10.0),
    "probe_maxBorderDy": ("-5.5", -5.5),
    "passing_probe_maxTkSegDx": ("10", 10.0),
    "passing_probe_maxTkSegDy": ("30", 30.0),
    "passing_probe_maxTkSegDr": ("25", 25.0),
}


@pytest.mark.parametrize("key", KEYS)
def test_each_key_goes_to_its_place(key: str) -> None:
    text, value = VALUES[key]
    config, _ = from_ini(_with(key, text), "TnP.ini")
    loc = KEYS[key].loc
    found: object = config
    for part in loc.split("."):
        found = getattr(found, part)
    assert found == value
    reference = load_config("reference_2023").model_dump()
    changed = config.model_dump()
    section, name = loc.split(".")[1:]
    changed["selection"][section][name] = reference["selection"][section][name]
    assert changed["selection"] == reference["selection"]


def test_what_is_missing_is_noted() -> None:
    config, notes = from_ini("[TagAndProbe]\ntag_minPt = 30", "TnP.ini")
    assert config.selection.tag.min_pt == 30
    assert len(notes) == len(KEYS) - 1 + 2  # every other key, and what the program always does
    assert any("probe_minPt" in note and "selection.probe.min_pt" in note for note in notes)
    assert not any("tag_minPt" in note for note in notes)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["no section [TagAndProbe]"]),
        ("tag_minPt = 3", ["line 1", "no section [TagAndProbe] before"]),
        ("[TagAndProb]\ntag_minPt = 3", ["unknown section [TagAndProb]", "known is [TagAndProbe]"]),
        ("[DEFAULT]\ntag_minPt = 3", ["unknown section [DEFAULT]"]),
        ("[TagAndProbe]\n[Other]\n", ["unknown section [Other]"]),
        ("[TagAndProbe]\n[TagAndProbe]\n", ["line 2", "given twice"]),
        ("[TagAndProbe]\n[tagandprobe]\n", ["two sections"]),
        ("[TagAndProbe]\ntag_minPt = 3\nTag_MinPt = 4", ["line 3", "tag_minpt", "given twice"]),
        ("[TagAndProbe]\n\ntag_minP = 3", ["line 3", '"tag_minP"', "did you mean 'tag_minPt'?"]),
        ("[TagAndProbe]\nprobe_minpTT = 3", ["line 2", "did you mean 'probe_minPt'?"]),
        ("[TagAndProbe]\ntag_minPt", ["line 2", "key = value"]),
        ("[TagAndProbe]\ntag_minPt 27", ["line 2", "key = value"]),
        ("[TagAndProbe]\ntag_minPt =", ["line 2", "tag_minPt", "number"]),
        ("[TagAndProbe]\n;\ntag_minPt = abc ; x", ["line 3", 'tag_minPt is "abc"', "number"]),
        ("[TagAndProbe]\ntag_minPt = -2", ["line 2 (tag_minPt)", "-2", "from 0 to 7,000"]),
        ("[TagAndProbe]\ntag_minPt = nan", ["line 2 (tag_minPt)", "number"]),
        ("[TagAndProbe]\ntag_useIsoHltPath = maybe", ["line 2", "true or false"]),
        ("[TagAndProbe]\nprobe_minTrkLayers = 2.5", ["line 2", "whole number"]),
        ("[TagAndProbe]\nprobe_maxAbsEta = 1, 2, 3", ["line 2 (probe_maxAbsEta)", "max_abs_eta"]),
        ("[TagAndProbe]\nprobe_maxAbsEta = 1, 2, x, 3", ["line 2", "four numbers"]),
        ("[TagAndProbe]\npair_minInvMass = 200", ["TnP.ini: selection.pair", "widen the window"]),
    ],
)
def test_wrong(text: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        from_ini(text, "TnP.ini")
    for part in ("TnP.ini", *parts):
        assert part in str(caught.value)
