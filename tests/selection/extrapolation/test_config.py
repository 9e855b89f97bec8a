"""`extrapolation` as a key of the config."""

from __future__ import annotations

from typing import Any

import pytest

from dtperf.config import AnalysisConfig, config_to_yaml, load_config
from dtperf.errors import ConfigError
from tests.cli.commands import call
from tests.selection.extrapolation.common import CONFIGS


def test_config() -> None:
    assert AnalysisConfig().extrapolation == "ntuple"
    assert CONFIGS["helix"].extrapolation == "helix"
    assert CONFIGS["helix"].hash != CONFIGS["ntuple"].hash == AnalysisConfig().hash
    text = config_to_yaml(CONFIGS["helix"])
    assert "\nextrapolation: helix\n" in text
    assert "Allowed: one of 'ntuple', 'helix'." in text
    assert load_config("reference_2023", ["extrapolation=helix"]).extrapolation == "helix"


@pytest.mark.parametrize("value", ["helx", "Helix", 3, True, None])
def test_a_wrong_way_in_the_config(value: Any) -> None:
    with pytest.raises(ConfigError) as error:
        load_config({"extrapolation": value})
    assert "extrapolation: " in str(error.value)
    assert "is not allowed; allowed: one of 'ntuple', 'helix'" in str(error.value)


def test_config_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = call(monkeypatch, capfd, "config", "show", "reference_2023")
    assert "\nextrapolation: ntuple\n" in shown.out
    change = ("reference_2023", "--set", "extrapolation=helix")
    shown = call(monkeypatch, capfd, "config", "show", *change)
    assert "\nextrapolation: helix\n" in shown.out
    hashes = [
        call(monkeypatch, capfd, "config", "check", *arguments).out.split()[-1]
        for arguments in (("reference_2023",), change)
    ]
    assert hashes[0] != hashes[1]
    wrong = call(
        monkeypatch, capfd, "config", "check", "reference_2023", "--set", "extrapolation=no"
    )
    assert wrong.code == 2
    assert "one of 'ntuple', 'helix'" in wrong.err
