"""What has changed between two results as JUnit XML, which CI systems show beside a commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dtperf.diagnostics.comparison.family import family
from dtperf.files import writable, write_atomic
from dtperf.pages.report.changed import name, points, reason
from dtperf.pages.report.words import percent
from dtperf.results.table import printable
from dtperf.statistics import probability

if TYPE_CHECKING:
    from dtperf.detector import Place
    from dtperf.diagnostics.comparison import Change, Changes

__all__ = ["junit_xml", "write_junit"]

SUITE, HIDDEN = "dtperf compare", "losses that the efficiency hides"
SUMS, PARTS = "sums", "parts"
UNSEEN = "no probe in one of both"


def write_junit(path: Path, content: str) -> Path:
    """Write the report, in place of an older one if there is one.

    Raises:
        ConfigError: The file cannot be written.
    """
    with writable(path):
        write_atomic(path, content)
    return path


def junit_xml(found: Changes, hidden: Sequence[str], about: Mapping[str, str]) -> str:
    """Return a test case for each place: barrel, stations, wheels, their parts, and chambers.

    A case fails if its place is named as changed. As each change is named at one place, there are
    as many failures as changes, and of them at most the part `found.false_alarms` is there by
    chance. Places without probes in one of both are skipped. One more case fails if there are
    losses that the efficiency hides. The cases are always the same, so that two reports can be
    compared.

    GitLab shows of each case `classname` as its suite, `name`, and the text in `failure`:
    docs.gitlab.com/ci/testing/unit_test_reports. Jenkins and others show also `message`.

    Args:
        found: The changes.
        hidden: Lines on the losses that the efficiency hides.
        about: What the suite has as properties.
    """
    looks = {change.place: change for change in found.looks}
    named = {change.place: change for change in found.named}
    cases = [_case(place, looks.get(place), named.get(place), found) for place in family().places]
    cases.append(_hidden_case(hidden))
    failures, skipped = (
        sum(case.find(outcome) is not None for case in cases) for outcome in ("failure", "skipped")
    )
    counts = {"tests": len(cases), "failures": failures, "errors": 0, "skipped": skipped}
    attributes = {"name": SUITE} | {key: str(count) for key, count in counts.items()}
    suites = ET.Element("testsuites", attributes)
    suite = ET.SubElement(suites, "testsuite", attributes)
    properties = ET.SubElement(suite, "properties")
    for key, value in about.items():
        ET.SubElement(properties, "property", name=key, value=printable(value))
    suite.extend(cases)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(place: Place, look: Change | None, changed: Change | None, found: Changes) -> ET.Element:
    case = ET.Element("testcase", classname=_group(place), name=place.name)
    if look is None:
        ET.SubElement(case, "skipped", message=UNSEEN).text = UNSEEN
    elif changed is not None:
        message = f"{name(changed)} has changed by {_in_numbers(changed)}"
        failure = ET.SubElement(case, "failure", type="changed", message=message)
        failure.text = "\n".join([message, *_counts(changed)])
    else:
        lines = [_in_numbers(look), *_counts(look)]
        if place.level == 0:
            lines += filter(None, [reason(found, place.chambers[0])])
        ET.SubElement(case, "system-out").text = "\n".join(lines)
    return case


def _group(place: Place) -> str:
    if place.level == 0:
        return f"MB{place.station}"
    return SUMS if place.sector is None and place.level > 1 else PARTS


def _in_numbers(change: Change) -> str:
    return f"{points(change)} points ({change.sigmas:.1f} sigma, p: {probability(change.p_value)})"


def _counts(change: Change) -> list[str]:
    return [
        f"{side}: {percent(each, 3)} ({each.passed:,} of {each.total:,})"
        for side, each in (("A", change.before), ("B", change.after))
    ]


def _hidden_case(hidden: Sequence[str]) -> ET.Element:
    case = ET.Element("testcase", classname=SUMS, name=HIDDEN)
    if hidden:
        failure = ET.SubElement(case, "failure", type="hidden", message=hidden[0])
        failure.text = "\n".join(hidden)
    return case
