"""Which amounts Stripe takes: minor units, per currency a smallest amount and a step."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe.refusals import Refused

WITHOUT_MINOR = frozenset((
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
))  # fmt: skip
IN_THOUSANDS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
# Stripe keeps two decimals for these and takes no fraction.
WHOLE_ONLY = frozenset(("isk", "ugx"))
SMALLEST = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
    "bhd": 190, "jod": 350, "kwd": 150, "omr": 190, "tnd": 1500, "krw": 700, "vnd": 13000,
    "clp": 500, "isk": 7000, "ugx": 190000, "xof": 300, "xaf": 300,
}  # fmt: skip
_OTHERS = (
    "all amd ang ars azn bam bbd bdt bmd bnd bob bsd bwp bzd cop crc cve cop dop dzd egp etb fjd "
    "gel gip gmd gtq gyd hnl htg idr ils jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd "
    "mmk mnt mop mur mvr mwk mzn nad ngn nio npr pab pen pgk php pkr qar rsd rub sar sbd scr shp "
    "sos srd szl tjs top try ttd twd tzs uah uyu uzs wst xcd yer zar zmw"
)
CURRENCIES = frozenset(SMALLEST) | WITHOUT_MINOR | frozenset(_OTHERS.split())
LARGEST = 99_999_999


def currency(word: str | None) -> str:
    """Return a currency in small letters.

    :raises Refused: Stripe has no such currency.
    """
    code = (word or "").lower()
    if code not in CURRENCIES:
        raise Refused(
            f"Invalid currency: {word}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(CURRENCIES))}",
            param="currency",
        )
    return code


def decimals(code: str) -> int:
    """Return how many decimals of a currency its minor unit is."""
    return 0 if code in WITHOUT_MINOR else 3 if code in IN_THOUSANDS else 2


def shown(amount: int, code: str) -> str:
    """Return an amount as a person reads it."""
    places = decimals(code)
    return f"{amount / 10**places:,.{places}f} {code.upper()}"


def chargeable(amount: int | None, code: str, *, param: str = "amount") -> int:
    """Return an amount that can be charged.

    :raises Refused: too small, too large, or a fraction that Stripe does not take.
    """
    if amount is None or amount < 1:
        raise Refused("Invalid positive integer", code="parameter_invalid_integer", param=param)
    smallest = SMALLEST.get(code, 50)
    if amount < smallest:
        raise Refused(
            f"Amount must be at least {shown(smallest, code)}",
            code="amount_too_small",
            param=param,
        )
    if amount > LARGEST:
        raise Refused(
            f"Amount must be no more than {shown(LARGEST, code)}",
            code="amount_too_large",
            param=param,
        )
    _refuse_fraction(amount, code, param)
    return amount


def _refuse_fraction(amount: int, code: str, param: str) -> None:
    step = 10 if code in IN_THOUSANDS else 100 if code in WHOLE_ONLY else 1
    if amount % step:
        raise Refused(
            f"Invalid amount: amounts in {code} must be a multiple of {step}, but {amount} "
            "was given.",
            code="invalid_charge_amount",
            param=param,
        )
