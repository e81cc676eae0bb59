"""Only public addresses are called, the very one that was looked up, and never for long."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from accounts import calling_out
from accounts.calling_out import Answer, NoAnswer, NotAllowed, check, post
from tests.fakes.receiver import Receiver, listening
from tests.fakes.strange_servers import certified, speaking

PUBLIC = "93.184.216.34"


@pytest.fixture
def _production(settings: Any) -> None:
    settings.DEMO = False


def say(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names stand for these addresses, one answer per question; answers what was asked."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.usefixtures("_production")
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "//example.com/",
        "https:///hooks",
        "https://",
        "hooks",
        "",
        "https://user@93.184.216.34/",
        "https://user:secret@93.184.216.34/",
        "https://:@93.184.216.34/",
        "https://93.184.216.34/#part",
        "https://93.184.216.34:99999/",
        "https://93.184.216.34:x/",
        "https://[93.184.216.34/",
        "https://93.184.216.34/a b",
        "https://93.184.216.34/\r\nX-Evil: 1",
        "https://93.184.216.34\\@127.0.0.1/",
        "https://exämple.com/",
        f"https://93.184.216.34/{'x' * 500}",
    ],
)
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed):
        check(url)


@pytest.mark.usefixtures("_production")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.7",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[2002:a00:1::]",
        "[::10.0.0.1]",
        "[::ffff:0:a00:1]",
        "[64:ff9b:1::a00:1]",
        "[fec0::1]",
        "[5f00::1]",
    ],
)
def test_what_is_not_on_the_public_internet_is_refused(host: str) -> None:
    with pytest.raises(NotAllowed, match=r"public internet|not known"):
        check(f"https://{host}/hooks")


@pytest.mark.usefixtures("_production")
@pytest.mark.parametrize("host", [PUBLIC, f"{PUBLIC}:8443", "[2606:2800:220:1::]"])
def test_what_is_public_may_be_called(host: str) -> None:
    check(f"https://{host}/hooks?of=billing")


@pytest.mark.usefixtures("_production")
def test_one_private_address_among_those_of_a_name_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    say(monkeypatch, [PUBLIC, "10.0.0.1"])

    with pytest.raises(NotAllowed, match="public internet"):
        check("https://receiver.test/")


@pytest.mark.usefixtures("_production")
def test_a_name_that_turns_private_after_it_was_registered_is_not_called(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    say(monkeypatch, [PUBLIC], ["127.0.0.1"])
    url = f"https://receiver.test:{receiver.port}/"
    check(url)

    with pytest.raises(NotAllowed, match="public internet"):
        post(url, b"{}", {})

    assert receiver.heard == []


def test_a_name_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    with pytest.raises(NotAllowed, match=r"The host nowhere\.test is not known"):
        check("https://nowhere.test/")


def test_in_the_demo_this_machine_may_be_called_and_no_other_private_one() -> None:
    check("http://127.0.0.1:8000/hooks")
    check("http://localhost/hooks")
    for host in ("10.0.0.1", "169.254.169.254", PUBLIC):
        with pytest.raises(NotAllowed):
            check(f"http://{host}/")


def test_the_address_that_was_looked_up_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    asked = say(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])

    answer = post(f"http://receiver.test:{receiver.port}/a?b=c", b"{}", {"X-Of": "us"})

    [heard] = receiver.heard
    assert answer.status == 204
    assert asked == ["receiver.test"]
    assert (heard.path, heard.body, heard.headers["x-of"]) == ("/a?b=c", b"{}", "us")
    assert heard.headers["host"] == f"receiver.test:{receiver.port}"


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda _: (302, {"Location": receiver.url}, b"over there")

    assert post(receiver.url, b"{}", {}) == Answer(302, "over there")
    assert len(receiver.heard) == 1


def test_of_a_long_answer_only_the_beginning_is_read(receiver: Receiver) -> None:
    receiver.answer = lambda _: (200, {}, b"y" * 5_000_000)

    assert post(receiver.url, b"{}", {}) == Answer(200, "y" * 500)


@pytest.mark.parametrize(
    ("said", "asked"),
    [("120", 120), ("999999999", 86_400), ("-1", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_a_receiver_may_ask_for_patience_and_not_for_eternity(
    receiver: Receiver, said: str, asked: int | None
) -> None:
    receiver.answer = lambda _: (503, {"Retry-After": said}, b"")

    assert post(receiver.url, b"{}", {}).retry_after == asked


def test_an_answer_that_is_no_text_is_kept_as_far_as_it_goes(receiver: Receiver) -> None:
    receiver.answer = lambda _: (500, {}, b"\x00\xff\xfe ok")

    assert post(receiver.url, b"{}", {}).excerpt == "�� ok"


@pytest.mark.parametrize(
    "says", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01" * 50]
)
def test_what_does_not_speak_http_gives_no_answer(says: bytes) -> None:
    with speaking([says]) as port, pytest.raises(NoAnswer):
        post(f"http://127.0.0.1:{port}/", b"{}", {})


def test_who_answers_late_but_in_time_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling_out, "SECONDS", 2)

    with speaking([b"HTTP/1.1 204 Yes\r\n", b"\r\n"], pause=1.2) as port:
        answer = post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert answer.status == 204


def test_who_drips_its_answer_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling_out, "SECONDS", 0.4)
    began = time.monotonic()

    with speaking([b"H"] * 50, pause=0.1) as port:
        with pytest.raises(NoAnswer):
            post(f"http://127.0.0.1:{port}/", b"{}", {})
        took = time.monotonic() - began

    assert took < 2


def test_who_says_yes_and_then_drips_has_said_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling_out, "SECONDS", 0.4)
    began = time.monotonic()

    with speaking([b"HTTP/1.1 200 OK\r\n", *[b"X-Drip: 1\r\n"] * 50], pause=0.1) as port:
        answer = post(f"http://127.0.0.1:{port}/", b"{}", {})
        took = time.monotonic() - began

    assert answer.status == 200
    assert took < 2


def test_where_nobody_listens_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(NoAnswer, match="ConnectionRefusedError"):
        post(f"http://127.0.0.1:{port}/", b"{}", {})


def test_a_certificate_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    with (
        listening(certified(tmp_path, "receiver.test")) as receiver,
        pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        post(f"https://127.0.0.1:{receiver.port}/", b"{}", {})

    assert receiver.heard == []


@pytest.mark.parametrize(("name", "believed"), [("receiver.test", True), ("evil.test", False)])
def test_the_certificate_must_be_for_the_name_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, believed: bool
) -> None:
    context = certified(tmp_path, "receiver.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    say(monkeypatch, ["127.0.0.1"])

    with listening(context) as receiver:
        url = f"https://{name}:{receiver.port}/"
        if believed:
            assert post(url, b"{}", {}).status == 204
        else:
            with pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"):
                post(url, b"{}", {})
