"""What cannot be installed is named in one line."""

import pytest

from billing_portal.devstack import system_packages


def test_where_we_may_not_install_we_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # An empty search path: no package manager, no sudo, as on a machine that is not Debian.
    monkeypatch.setenv("PATH", "")

    installed = system_packages.install(["libpango-1.0-0", "fonts-noto-core"], purpose="PDF")

    assert not installed
    assert capsys.readouterr().out == "PDF: please install libpango-1.0-0 fonts-noto-core\n"
