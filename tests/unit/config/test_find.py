from pathlib import Path

import pytest

from seawall.config.load import find
from seawall.errors import Misconfigured


def test_the_option_comes_before_the_environment_before_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.toml", "b.toml", "seawall.toml"):
        Path(name).touch()
    assert find(Path("a.toml"), {"SEAWALL_CONFIG": "b.toml"}) == Path("a.toml")
    assert find(None, {"SEAWALL_CONFIG": "b.toml"}) == Path("b.toml")
    assert find(None, {"SEAWALL_CONFIG": ""}) == Path("seawall.toml")


def test_a_relative_path_starts_at_the_directory_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").touch()
    assert find(None, {}, tmp_path) == tmp_path / "seawall.toml"
    assert find(Path("seawall.toml"), {}, tmp_path) == tmp_path / "seawall.toml"
    assert find(None, {"SEAWALL_CONFIG": "seawall.toml"}, tmp_path) == tmp_path / "seawall.toml"
    with pytest.raises(Misconfigured, match="--config names it"):
        find(Path("gone.toml"), {}, tmp_path)


def test_a_configuration_that_is_not_found_names_every_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seawall.config.load.PLACES", (Path("seawall.toml"), tmp_path / "etc.toml"))
    with pytest.raises(Misconfigured) as refused:
        find(None, {})
    for place in ("--config", "$SEAWALL_CONFIG", "./seawall.toml", "etc.toml", "seawall init"):
        assert place in str(refused.value)
    with pytest.raises(Misconfigured, match=r"gone\.toml: no such file, and --config names it"):
        find(Path("gone.toml"), {})
    with pytest.raises(Misconfigured, match=r"gone\.toml: no such file, and \$SEAWALL_CONFIG names it"):
        find(None, {"SEAWALL_CONFIG": "gone.toml"})
