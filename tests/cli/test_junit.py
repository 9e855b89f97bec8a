"""`dtperf compare --junit`: what GitLab and others read of it, by a reader of somebody else."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import junitparser

from dtperf.cli.junit import HIDDEN, junit_xml
from dtperf.detector import Place, chambers
from dtperf.diagnostics.comparison import changes
from dtperf.diagnostics.comparison.family import family
from dtperf.pages.report.changed import points
from dtperf.results.result import Result
from tests.cli.commands import Call
from tests.cli.test_compare import ILL, measured
from tests.diagnostics.comparison.toys import drawn, one, station
from tests.diagnostics.flags.hidden_toys import hidden_toy

Case = junitparser.TestCase


def cases_of(path: Path) -> dict[str, Case]:
    """Read the cases by name; what is counted is what there is."""
    [suite] = suites = junitparser.JUnitXml.fromfile(str(path))
    cases = [*suite]
    for counted in (suites, suite):
        said = (counted.tests, counted.failures, counted.skipped, counted.errors)
        outcomes = [(case.is_failure, case.is_skipped, case.is_error) for case in cases]
        assert said == (len(cases), *map(sum, zip(*outcomes, strict=True)))
    # GitLab takes only the first of those that share both
    assert len({(case.classname, case.name) for case in cases}) == len(cases)
    return {case.name: case for case in cases}


def failed(cases: dict[str, Case]) -> set[str]:
    return {name for name, case in cases.items() if case.is_failure}


def test_a_case_for_each_chamber_and_sum(dtperf: Call, tmp_path: Path) -> None:
    a = measured("a", 1, 0.99).save(tmp_path / "a")
    b = measured("b", 2, 0.95, empty=3).save(tmp_path / "b")
    done = dtperf("compare", a, b, "--junit", tmp_path / "junit.xml")
    assert done.code == 0, done.err
    assert f"wrote {tmp_path / 'junit.xml'}" in done.out
    cases = cases_of(tmp_path / "junit.xml")
    assert {name for name, case in cases.items() if case.classname.startswith("MB")} == {
        each.name for each in chambers()
    }
    sums = {case.name for case in cases.values() if case.classname == "sums"}
    assert sums >= {"the whole barrel", "MB1", "MB2", "MB3", "MB4", "wheel -2", "wheel 0"}
    assert len(cases) == family().size + 1
    ill = chambers()[ILL].name
    assert failed(cases) == {ill, HIDDEN}
    [change] = changes(Result.load(a), Result.load(b)).named
    [result] = cases[ill].result
    assert result.message.startswith(f"{ill} has changed by {points(change)} points (")
    assert result.text.splitlines()[0] == result.message
    before, after = change.before, change.after
    assert f"A: {100 * before.value:.3f} % ({before.passed:,} of {before.total:,})" in result.text
    assert f"B: {100 * after.value:.3f} % ({after.passed:,} of {after.total:,})" in result.text
    empty = chambers()[3].name
    assert cases[empty].is_skipped
    assert cases[HIDDEN].result[0].text.startswith(f"{empty}: ")


def test_each_change_fails_once(dtperf: Call, tmp_path: Path) -> None:
    """MB1 has aged: its 60 chambers do not fail one by one, but tell of it."""
    before, after = drawn(1), drawn(2, station(1, 0.009), one("MB3 W0 S6", 0.1), first_run=1000)
    path = tmp_path / "junit.xml"
    path.write_text(junit_xml(changes(before, after), [], {}))
    cases = cases_of(path)
    assert failed(cases) == {"MB1", "MB3 W0 S6"}
    assert "MB1 has changed by −" in cases["MB1 W0 S6"].system_out
    assert "has changed" not in cases["MB2 W0 S6"].system_out


def test_a_loss_that_the_efficiency_hides(dtperf: Call, tmp_path: Path) -> None:
    a = hidden_toy(2).save(tmp_path / "a")
    b = hidden_toy(3, eligible={Place(0, 5): 0.08}).save(tmp_path / "b")
    for after in (a, b):
        done = dtperf("compare", a, after, "--junit", tmp_path / "junit.xml")
        assert done.code == 0, done.err
        case = cases_of(tmp_path / "junit.xml")[HIDDEN]
        assert case.is_failure == (after == b)
    assert case.result[0].message.startswith("Sector 5 of wheel 0: 9")


def test_names_that_xml_does_not_take(tmp_path: Path) -> None:
    result = measured("a", 1, 0.99)
    content = junit_xml(changes(result, result), ['<lost> & "gone"'], {"A": "a\x1b[2J\n<&"})
    values = [each for element in ET.fromstring(content).iter() for each in element.attrib.values()]
    assert r"a\x1b[2J\n<&" in values
    assert '<lost> & "gone"' in values


def test_a_file_that_cannot_be_written(dtperf: Call, tmp_path: Path) -> None:
    a = measured("a", 1, 0.99).save(tmp_path / "a")
    done = dtperf("compare", a, a, "--junit", tmp_path / "nowhere" / "junit.xml")
    assert done.code == 2
    assert "junit.xml: cannot be written: No such file or directory" in done.err
