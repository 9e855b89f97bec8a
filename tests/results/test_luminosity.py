"""Tables of brilcalc, by run and by luminosity block, and what is summed up of them."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from dtperf.errors import InputError
from dtperf.results.recorded import recorded
from dtperf.selection import brilcalc
from dtperf.selection.brilcalc import read_luminosity

BY_RUN = """\
#Data tag : 24v1 , Norm tag: None
#run:fill,time,nls,ncms,delivered(/ub),recorded(/ub)
367080:8746,05/12/23 02:01:15,3,3,2000000.0,1000000.0
367088:8747,05/13/23 02:01:15,3,3,3000000.0,2000000.0
#Summary:
#nfill,nrun,nls,ncms,totdelivered(/ub),totrecorded(/ub)
#2,2,6,6,5000000.0,3000000.0
"""
BY_BLOCK = """\
#Data tag : 24v1 , Norm tag: None
#run:fill,ls,time,beamstatus,E(GeV),delivered(/pb),recorded(/pb),avgpu,source
367080:8746,1:1,05/12/23 02:01:15,STABLE BEAMS,6800,0.5,0.25,50.1,HFET
367080:8746,2:2,05/12/23 02:01:38,STABLE BEAMS,6800,0.5,0.50,50.0,HFET
367080:8746,3:0,05/12/23 02:02:01,STABLE BEAMS,6800,0.5,0.00,49.9,HFET
367088:8747,1:1,05/13/23 02:01:15,STABLE BEAMS,6799,0.5,1.00,52.0,PXL
"""
RUNS = (367_080, 367_088)


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lumi.csv"
    path.write_text(text)
    return path


def test_by_run(tmp_path: Path) -> None:
    found = read_luminosity(table(tmp_path, BY_RUN))
    assert found.block is None
    assert found.energy is None
    assert found.run.tolist() == [*RUNS]
    np.testing.assert_allclose(found.recorded, [1e-3, 2e-3], rtol=1e-12)  # 1 and 2 pb⁻¹
    whole = recorded(found, RUNS, {367_080: ((1, 3),), 367_088: ((1, 1),)})
    assert whole.per_fb == pytest.approx(3e-3)
    assert whole.begin == datetime(2023, 5, 12, 2, 1, 15, tzinfo=UTC)
    assert whole.end == datetime(2023, 5, 13, 2, 1, 15, tzinfo=UTC)
    assert whole.energy_tev is None
    assert [remark.partition(":")[0] for remark in whole.remarks] == ["whole runs count"]


def test_runs_that_it_lacks_are_told(tmp_path: Path) -> None:
    found = recorded(read_luminosity(table(tmp_path, BY_RUN)), (367_088, 367_090, 367_091), {})
    assert found.per_fb == pytest.approx(2e-3)
    assert found.remarks[0] == "it lacks runs 367090, 367091"


def test_by_luminosity_block_only_those_read_count(tmp_path: Path) -> None:
    found = read_luminosity(table(tmp_path, BY_BLOCK))
    assert found.block is not None
    assert found.block.tolist() == [1, 2, 3, 1]
    assert found.pileup is not None
    assert found.pileup[0] == 50.1
    part = recorded(found, RUNS, {367_080: ((2, 3),), 367_088: ((1, 1), (4, 5))})
    assert part.per_fb == pytest.approx(1.5e-3)
    assert part.energy_tev == 13.6
    assert part.remarks == ("it lacks 2 of 5 luminosity blocks that were read",)


@pytest.mark.parametrize(("unit", "scale"), [("ub", 1), ("pb", 1e6), ("nb", 1e3)])
def test_rates_are_what_blocks_have_delivered_in_their_time(
    tmp_path: Path, unit: str, scale: float
) -> None:
    integrated = BY_BLOCK.replace("/pb", f"/{unit}")
    rates = BY_BLOCK.replace("/pb", f"hz/{unit}")
    by_amount, by_rate = (read_luminosity(table(tmp_path, text)) for text in (integrated, rates))
    assert by_amount.rate is not None
    assert by_rate.rate is not None
    seconds = 2**18 * 3564 / 40.079e6  # turns of so many bunches, at the frequency of the LHC
    np.testing.assert_allclose(by_amount.rate, 0.5 * scale / seconds, rtol=1e-4)
    np.testing.assert_allclose(by_rate.rate, 0.5 * scale, rtol=1e-12)
    np.testing.assert_allclose(by_rate.recorded, by_amount.recorded * seconds, rtol=1e-4)


def test_a_mask_leaves_blocks_out(tmp_path: Path) -> None:
    found = read_luminosity(table(tmp_path, BY_BLOCK))
    blocks = {367_080: ((1, 3),), 367_088: ((1, 1),)}
    part = recorded(found, RUNS, blocks, {"367080": ((1, 1),)})
    assert part.per_fb == pytest.approx(0.25e-3)
    assert part.remarks == ()


def test_units_seconds_and_gzip(tmp_path: Path) -> None:
    text = BY_RUN.replace("/ub)", "/nb)").replace("05/12/23 02:01:15", "1683856875")
    path = tmp_path / "lumi.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    found = read_luminosity(path)
    assert found.recorded[0] == pytest.approx(1.0)
    assert found.begin[0] == 1683856875


def test_a_table_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    path = table(tmp_path, BY_RUN)
    assert len(read_luminosity(path).run) == 2
    path.write_text(BY_BLOCK)
    assert len(read_luminosity(path).run) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run,lumi\n1,2\n", "no line '#run:fill,…'"),
        (BY_RUN.splitlines()[1], "no rows"),
        (
            BY_RUN.replace("recorded(/ub)", "recorded(hz/ub)"),
            "'recorded' is in hz/ub, a rate, of whole",
        ),
        (BY_RUN.replace("recorded(/ub)", "recorded(ub)"), "'recorded' is in ub, which is no"),
        (BY_RUN.replace("recorded(/ub)", "recorded(hz/x)"), "'recorded' is in hz/x, which is no"),
        (BY_RUN + BY_BLOCK, "is several tables"),
        (BY_RUN.replace(",recorded(/ub)", ""), "lacks the column 'recorded'"),
        (BY_RUN.replace("2000000.0,1000000.0", "2000000.0,much"), "a row is none of luminosity"),
        (BY_RUN.replace("2000000.0,1000000.0", "2000000.0"), "a row is none of luminosity"),
        (BY_RUN.replace("1000000.0", "-1"), "'recorded' is not negative"),
        (BY_BLOCK.replace("50.1,HFET", "-50.1,HFET"), "'avgpu' is not negative"),
        (BY_BLOCK.replace("50.1,HFET", "nan,HFET"), "'avgpu' is not negative, and a number"),
        (BY_BLOCK.replace(",6800,", ",inf,"), "'e' is not negative, and a number"),
        (BY_RUN.replace("05/12/23", "05/42/23"), "a row is none of luminosity"),
        (BY_RUN.replace("05/12/23 02:01:15", "nan"), "a row is none of luminosity"),
        (BY_RUN.replace("367080:", "-5:"), "a row is none of luminosity"),
        (BY_RUN.replace("367080:", f"{2**32}:"), "a row is none of luminosity"),
        (BY_RUN.replace("367080:", f"{9**40}:"), "a row is none of luminosity"),
        (BY_BLOCK.replace(",1:1,", ",-1:1,"), "a row is none of luminosity"),
        (BY_BLOCK.replace(",1:1,", ",,"), "a row is none of luminosity"),
        (BY_BLOCK.replace("50.1,HFET", '50.1,"HFET'), "a row is none of luminosity"),
        (BY_BLOCK.replace("HFET", "x" * 200_000), "a row is none of luminosity"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=r"lumi\.csv: .*") as caught:
        read_luminosity(table(tmp_path, text))
    assert message in str(caught.value)
    assert "brilcalc lumi" in str(caught.value)


def test_a_table_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        read_luminosity(tmp_path / "none.csv")
    path = tmp_path / "lumi.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_luminosity(path)


def test_a_compressed_table_that_is_damaged_or_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, content = tmp_path / "lumi.csv.gz", gzip.compress((BY_RUN + 999 * "#\n").encode())
    path.write_bytes(content[:20] + b"\xff" * 10 + content[30:])
    with pytest.raises(InputError, match=r"lumi\.csv\.gz: cannot be read"):
        read_luminosity(path)
    path.write_bytes(content)
    # what lies beyond would be lost
    monkeypatch.setattr(brilcalc, "MAX_BYTES", len(content))
    with pytest.raises(InputError, match=r"lumi\.csv\.gz: more than"):
        read_luminosity(path)


def test_impossibly_many_blocks_take_no_memory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more luminosity blocks than there can be"):
        recorded(read_luminosity(table(tmp_path, BY_BLOCK)), (2,), {2: ((0, 2**32 - 1),)})
