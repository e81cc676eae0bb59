"""Catalogue files at the command line: what is printed, and which files are refused."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command

from plans.catalogue import dump_catalogue
from plans.catalogue_yaml import LARGEST_FILE
from plans.models import Plan, Site
from tests.plans.test_catalogue import SMALL
from tests.plans.test_catalogue_refusals import with_key


@pytest.mark.django_db
def test_the_command_prints_what_changes_and_does_it(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(SMALL, sort_keys=False))

    dry, first, again, dumped = StringIO(), StringIO(), StringIO(), StringIO()
    call_command("load_catalogue", str(file), "--dry-run", stdout=dry)
    call_command("load_catalogue", str(file), stdout=first)
    call_command("load_catalogue", str(file), stdout=again)
    call_command("dump_catalogue", stdout=dumped)

    assert dry.getvalue() == first.getvalue() + "dry run: nothing was changed\n"
    assert first.getvalue().splitlines()[-2:] == ["plan free: new", "plan pro: new"]
    assert again.getvalue() == "nothing changes\n"
    assert dumped.getvalue() == dump_catalogue()


@pytest.mark.django_db
def test_the_command_refuses_with_file_line_and_reason(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(with_key("prise: 5"))
    out, err = StringIO(), StringIO()

    with pytest.raises(SystemExit) as exit_:
        call_command("load_catalogue", str(file), stdout=out, stderr=err)

    assert exit_.value.code == 1
    assert out.getvalue() == ""
    assert err.getvalue() == (
        f"{file}:8: plans.pro.prise: there is no such key; did you mean “price”?\n"
    )
    assert not Plan.objects.exists()
    assert not Site.objects.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, ": it cannot be read: No such file or directory."),
        (b"a: 1\nb: \xff\n", ":2: this is not UTF-8."),
        ("currency: USD\n".encode("utf-16"), ":1: this is not UTF-8."),
        (b"\xe4" * (LARGEST_FILE + 1), ": it is larger than 1,000,000 bytes."),
    ],
    ids=["missing", "latin", "utf-16", "large"],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "own.yaml"
    if content is not None:
        file.write_bytes(content)
    err = StringIO()

    with pytest.raises(SystemExit):
        call_command("load_catalogue", str(file), stderr=err)

    assert err.getvalue() == f"{file}{reason}\n"


def test_a_directory_is_no_catalogue(tmp_path: Path) -> None:
    err = StringIO()

    with pytest.raises(SystemExit):
        call_command("load_catalogue", str(tmp_path), stderr=err)

    assert err.getvalue() == f"{tmp_path}: it cannot be read: Is a directory.\n"
