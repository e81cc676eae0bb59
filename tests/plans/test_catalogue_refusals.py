"""A bad catalogue is refused with every line and reason, and nothing is changed."""

from __future__ import annotations

import pytest

from plans.catalogue_reading import read_catalogue
from plans.catalogue_yaml import LARGEST_FILE, BadCatalogue

HEAD = "currency: USD\ncredit_price: {USD: '0.01'}\nplans:\n  pro:\n"
PLAN = "    name: Pro\n    kind: standard\n    period: 1 month\n"


def reasons(text: str) -> list[str]:
    """Answer what is wrong with a text, line by line."""
    with pytest.raises(BadCatalogue) as refused:
        read_catalogue(text, source="own.yaml")
    return refused.value.lines


def with_key(key: str) -> str:
    """Make a catalogue whose line 8 is a key of its only plan."""
    return f"{HEAD}{PLAN}    {key}\n"


def with_site_key(key: str) -> str:
    """Make a catalogue whose line 8 is a key of the site."""
    return f"{HEAD}{PLAN}{key}\n"


def test_the_catalogue_that_is_spoilt_below_is_good() -> None:
    assert read_catalogue(HEAD + PLAN).plans[0].name == "Pro"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("prise: 5", "plans.pro.prise: there is no such key; did you mean “price”?"),
        ("zzzz: 5", "plans.pro.zzzz: there is no such key."),
        ("name: Again", "plans.pro.name: this key stands here twice, first on line 5."),
        ("price: -1", "plans.pro.price: “-1” is below zero."),
        ("price: .inf", "plans.pro.price: “.inf” is no finite number."),
        ("price: .nan", "plans.pro.price: “.nan” is no finite number."),
        ("price: 0.005", "plans.pro.price: “0.005” has more than 2 decimals."),
        ("price: {JPY: 0.5}", "plans.pro.price.JPY: JPY has no credit_price."),
        ("price: {EUR: '5.00'}", "plans.pro.price.EUR: EUR has no credit_price."),
        ("price: {usd: 5}", "plans.pro.price.usd: “usd” is not a currency of ISO 4217."),
        ("price: [5]", "plans.pro.price: this is not a number."),
        ("price: true", "plans.pro.price: “true” is not a number."),
        ("price: 1_000", "plans.pro.price: “1_000” is not a number."),
        ("price: 0x10", "plans.pro.price: “0x10” is not a number."),
        ("price: 010", "plans.pro.price: “010” is not a number."),
        ("price: 1:30", "plans.pro.price: “1:30” is not a number."),
        ("price:", "plans.pro.price: there is no value; leave the key out or give it one."),
        (
            "price: 9999999999999",
            "plans.pro.price: “9999999999999” is beyond all sense; the most is 1000000000000.",
        ),
        (
            "allowances: {outbound_calls: 5}",
            "plans.pro.allowances.outbound_calls: outbound_calls are counted against a quota, "
            "and from no allowance.",
        ),
        ("auto_renew: yes", "plans.pro.auto_renew: “yes” is neither true nor false."),
        ("auto_renew: 1", "plans.pro.auto_renew: “1” is neither true nor false."),
        ("auto_renew: 'true'", "plans.pro.auto_renew: “true” is neither true nor false."),
        ("description: No", "plans.pro.description: YAML reads “No” as no text; put it in quotes."),
        ("description: 2026-01-01", "plans.pro.description: YAML reads “2026-01-01” as no text"),
        ("description: [a]", "plans.pro.description: this is a text."),
        (f"description: {'x' * 501}", "this has 501 characters; the most is 500."),
        ('description: "a\\0b"', "plans.pro.description: this has a character that no text has."),
        ('description: "\\ud800"', "plans.pro.description: this has a character that no text has."),
        ("overdraft: 0.0000001", "plans.pro.overdraft: “0.0000001” has more than 6 decimals."),
        ("included_credits: -5", "plans.pro.included_credits: “-5” is below zero."),
        ("pause_when: never", "plans.pro.pause_when: “never” is none of dry, negative."),
        ("channels: [web, fax]", "plans.pro.channels[2]: “fax” is none of web, outbound, inbound."),
        ("channels: [web, web]", "plans.pro.channels[2]: “web” stands here twice."),
        ("channels: web", "plans.pro.channels: this is a list."),
        ("max_call_minutes: {fax: 5}", "max_call_minutes.fax: “fax” is none of web, outbound"),
        ("max_call_minutes: {web: 0}", "plans.pro.max_call_minutes.web: this is above zero."),
        ("voice_tiers: ['a b']", "plans.pro.voice_tiers[1]: “a b” is no voice tier"),
        (
            "limits: {agent: 5}",
            "campaigns, leads, integrations; did you mean “agents”?",
        ),
        ("limits: {agents: 1.5}", "“1.5” is no whole number from 0 to 2147483647."),
        ("limits: {agents: -1}", "“-1” is no whole number from 0 to 2147483647."),
        ("quotas: {calls: 5}", "“calls” is none of outbound_calls, sessions."),
        ("quotas: {sessions: 0}", "“0” is no whole number from 1 to 2147483647."),
        ("allowances: {call_minutes: -1}", "allowances.call_minutes: “-1” is below zero."),
        ("allowances: {'a b': 1}", "plans.pro.allowances.a b: “a b” is no meter"),
        ("rates: 5", "plans.pro.rates: this is a mapping by meter."),
        ("rates: {messages: cheap}", "plans.pro.rates.messages: “cheap” is not a number."),
        ("rates: {messages: {web: 1}}", "only call_minutes have a rate by channel."),
        (
            "rates: {call_minutes: {wep: 1}}",
            "“wep” is none of web, outbound, inbound; did you mean “web”?",
        ),
        ("rates: {call_minutes: {web: {a: {b: 1}}}}", "rates.call_minutes.web.a: this is not"),
        ("call_increment_seconds: 0", "“0” is no whole number from 1 to 3600."),
        ("rentals: {phone_number: -2}", "plans.pro.rentals.phone_number: “-2” is below zero."),
        ("rentals: {phone_number: {EUR: 2}}", "rentals.phone_number.EUR: EUR has no credit_price."),
        ("1: 2", "“1” is no key; put it in quotes if it is."),
        ("[a]: 2", "this is no key; put it in quotes if it is."),
        ("audience: &all everyone", "anchors and aliases (& and *) are not used in catalogues."),
        ("audience: !!python/name:os.system x", "tags such as “tag:yaml.org,2002:python/name"),
        ("audience: !!str x", "tags such as “tag:yaml.org,2002:str” are not used in catalogues."),
        ("audience: 'unfinished", "this is not YAML: while scanning a quoted scalar"),
    ],
)  # fmt: skip
def test_a_bad_key_of_a_plan_is_refused_with_its_line(key: str, reason: str) -> None:
    lines = reasons(with_key(key))

    assert len(lines) == 1
    assert lines[0].startswith(("own.yaml:8: ", "own.yaml:9: "))
    assert reason in lines[0]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("grace_day: 7", "grace_day: there is no such key; did you mean “grace_days”?"),
        ("grace_days: -1", "grace_days: “-1” is no whole number from 0 to 366."),
        ("retry_days: [0]", "retry_days[1]: “0” is no whole number from 1 to 366."),
        ("retry_days: 3", "retry_days: this is a list."),
        ("credit_unused_days: on", "“on” is neither true nor false."),
        ("minimum_top_up: {EUR: 5}", "minimum_top_up.EUR: EUR has no credit_price."),
        ("minimum_top_up: 0.001", "minimum_top_up: “0.001” has more than 2 decimals."),
        ("auto_recharge_monthly_ceiling: -1", "auto_recharge_monthly_ceiling: “-1” is below zero."),
        ("currency: USD", "currency: this key stands here twice, first on line 1."),
    ],
)
def test_a_bad_key_of_the_site_is_refused_with_its_line(key: str, reason: str) -> None:
    lines = reasons(with_site_key(key))

    assert len(lines) == 1
    assert lines[0].startswith("own.yaml:8: ")
    assert reason in lines[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["own.yaml:1: the file is empty."]),
        ("- a\n", ["own.yaml:1: a catalogue is a mapping of keys."]),
        ("a: 1\n---\nb: 2\n", ["own.yaml:2: this is not YAML: expected a single document in the "
                               "stream but found another document."]),
        ("\ta: 1", ["own.yaml:1: this is not YAML: while scanning for the next token found "
                    "character '\\t' that cannot start any token."]),
        ("a: \x01", ["own.yaml:1: it has a character that no text has."]),
        ('a: "\\UFFFFFFFF"', ["own.yaml: it has an escape for no character."]),
        ("[" * 500, ["own.yaml:1: it is nested too deeply."]),
        ("{a: " * 500, ["own.yaml:1: it is nested too deeply."]),
        (f"a: {'x' * LARGEST_FILE}", ["own.yaml: it is larger than 1,000,000 bytes."]),
        ("{}", ["own.yaml:1: the key “currency” is missing.",
                "own.yaml:1: the key “credit_price” is missing.",
                "own.yaml:1: the key “plans” is missing."]),
        ("currency: USD\ncredit_price: {EUR: 1}\nplans: {}\n",
         ["own.yaml:2: credit_price: the site's currency USD has no price here.",
          "own.yaml:3: plans: a catalogue has at least one plan."]),
        ("currency: XXY\ncredit_price: 1\nplans: {a: 5}\n",
         ["own.yaml:1: currency: “XXY” is not a currency of ISO 4217.",
          "own.yaml:3: plans.a: a plan is a mapping of keys."]),
        ("currency: USD\ncredit_price: {USD: 0}\nplans: {a: {}}\n",
         ["own.yaml:2: credit_price.USD: this is above zero.",
          "own.yaml:3: plans.a: the key “name” is missing.",
          "own.yaml:3: plans.a: the key “kind” is missing.",
          "own.yaml:3: plans.a: the key “period” is missing."]),
    ],
    ids=range(13),
)  # fmt: skip
def test_a_file_that_is_no_catalogue_is_refused(text: str, expected: list[str]) -> None:
    assert reasons(text) == expected


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ("{name: P, kind: standart, period: 1 month}", "“standart” is none of trial, standard"),
        ("{name: P, kind: standard, period: 30}", "“30” is not a period; write “30 days”"),
        ("{name: P, kind: standard, period: 0 days}", "“0 days” is not a period"),
        ("{name: P, kind: standard, period: 11 years}", "“11 years” is longer than 10 years."),
        ("{name: '', kind: standard, period: 1 month}", "plans.p.name: this is empty."),
        ("{name: 5, kind: standard, period: 1 month}", "YAML reads “5” as no text"),
        (f"{{name: {'x' * 101}, kind: standard, period: 1 day}}", "the most is 100."),
        (f"{{name: {'x' * 10000}, kind: standard, period: 1 day}}", "this has 10000 characters"),
    ],
)
def test_a_plan_has_a_name_a_kind_and_a_period(plan: str, reason: str) -> None:
    lines = reasons(f"currency: USD\ncredit_price: 1\nplans:\n  p: {plan}\n")

    assert len(lines) == 1
    assert lines[0].startswith("own.yaml:4: ")
    assert reason in lines[0]


@pytest.mark.parametrize("code", ["a b", "-a", "x" * 41, "ä", "a.b"])
def test_a_plan_code_has_letters_digits_and_dashes(code: str) -> None:
    text = f"currency: USD\ncredit_price: 1\nplans:\n  '{code}':\n{PLAN}"

    assert "is no plan code: 1 to 40 letters, digits, - and _." in reasons(text)[0]


def test_a_tier_that_is_used_and_not_allowed_is_refused() -> None:
    tiers = "    voice_tiers: [standard, premium]\n"
    rates = "    rates:\n      call_minutes:\n        web: {standard: 1, premum: 2}\n"

    assert reasons(HEAD + PLAN + tiers + rates) == [
        "own.yaml:11: plans.pro.rates.call_minutes.web.premum: “premum” is none of the plan's "
        "voice_tiers; did you mean “premium”?"
    ]
    assert read_catalogue(HEAD + PLAN + rates).plans


def test_there_is_one_public_trial_at_most() -> None:
    two = """
currency: USD
credit_price: 1
plans:
  one: {name: One, kind: trial, period: 14 days}
  two: {name: Two, kind: trial, period: 14 days}
"""

    assert reasons(two) == [
        "own.yaml:6: plans.two: “one” is a public trial already; there is one at most."
    ]
    hidden = two.replace("Two, ", "Two, public: false, ")
    assert len(read_catalogue(hidden).plans) == 2


def test_every_problem_is_found_at_once_in_the_order_of_the_lines() -> None:
    text = (
        HEAD + "    nam: Pro\n    kind: x\n    period: y\n    price: z\n    limits: {agents: w}\n"
    )

    assert [line.split(": ")[0] for line in reasons(text)] == [
        f"own.yaml:{line}" for line in (4, 5, 6, 7, 8, 9)
    ]


def test_aliases_that_would_grow_are_refused_before_they_do() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )

    lines = reasons(bomb)

    assert len(lines) == 81
    assert set(lines) == {
        f"own.yaml:{line}: anchors and aliases (& and *) are not used in catalogues."
        for line in range(1, 10)
    }


def test_a_reason_stays_on_one_line_whatever_the_file_says() -> None:
    assert all("\n" not in line for line in reasons(with_key('"a\\nb\\u0085c": 1')))
