"""Russian numbers, units, plurals and dates by the Unicode rules (CLDR)."""

from __future__ import annotations

import datetime
import math
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Literal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from kuzbass_lean.wording.vocabulary import absent, entry, phrase, words

NARROW = "\u202f"
"""Narrow no-break space: between thousands and before the percent sign."""
NO_BREAK = "\u00a0"
"""No-break space: between a number and its word."""
MINUS = "\u2212"

MOST_DIGITS = 2
"""Decimals shown at most where nobody asks for a fixed number of them."""

Case = Literal["nominative", "genitive", "accusative", "locative"]
Number = int | float | Decimal

_RUSSIAN = Locale("ru")
_ROOMY = Context(prec=400)  # any float fits, with its decimals


def number(x: Number | None, digits: int | None = None, *, signed: bool = False) -> str:
    """Return a number: decimal comma, narrow spaces between thousands, true minus.

    Parameters
    ----------
    x
        ``None``, NaN and infinity read «нет данных».
    digits
        Decimals to show; if ``None``, as many as needed up to ``MOST_DIGITS``. Halves are
        rounded away from zero.
    signed
        Puts a plus before a positive number.

    Examples
    --------
    >>> kl.wording.number(168784).split()
    ['168', '784']
    """
    rounded = _rounded(x, digits)
    if rounded is None:
        return phrase("missing")
    decimals = max(-int(rounded.as_tuple().exponent), 0)
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    with localcontext(_ROOMY):
        plain = format_decimal(abs(rounded), format=pattern, locale=_RUSSIAN)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return sign + plain.replace(NO_BREAK, NARROW)


def percent(x: Number | None, digits: int | None = 1, *, signed: bool = False) -> str:
    """Return a number that is already in percent: «72,4 %».

    Examples
    --------
    >>> kl.wording.percent(12.345).split()
    ['12,3', '%']
    """
    return counted(number(x, digits, signed=signed), x, "percent")


def points(x: Number | None, digits: int | None = None, *, signed: bool = False) -> str:
    """Return percentage points: «20 п. п.».

    Examples
    --------
    >>> kl.wording.points(2.5, 1, signed=True).split()
    ['+2,5', 'п.', 'п.']
    """
    return counted(number(x, digits, signed=signed), x, "percentage point")


def form(n: Number, noun: str, case: Case = "nominative", digits: int | None = None) -> str:
    """Return the form of a noun that goes with a number shown with these digits.

    The genitive follows «до», «не менее», «не хватает», «из»; the accusative is the object
    of a verb («оценить 1 поликлинику»); the locative follows «в».

    Raises
    ------
    UnknownNameError
        If the noun is not in ``labels.yaml``.

    Examples
    --------
    >>> kl.wording.form(5, "project")
    'проектов'
    """
    word = entry("nouns", "noun", noun)
    one, few, many, *rest = word["count"]
    fraction = rest[0] if rest else few
    rounded = _rounded(n, digits)
    category = _RUSSIAN.plural_form(abs(rounded) if rounded is not None else 0)
    singular, plural_ = {
        "nominative": (one, few if category == "few" else many),
        "genitive": (fraction, many),
        "accusative": (word.get("acc", one), few if category == "few" else many),
        "locative": tuple(word["in"]),
    }[case]
    return str({"one": singular, "other": fraction}.get(category, plural_))


def plural(n: Number | None, noun: str, case: Case = "nominative", digits: int | None = None) -> str:
    """Return a number with its noun: «1 проект», «2 проекта», «5 проектов», «1,5 проекта».

    Raises
    ------
    UnknownNameError
        If the noun is not in ``labels.yaml``.

    Examples
    --------
    >>> kl.wording.plural(3, "project").split()
    ['3', 'проекта']
    """
    if n is None or _rounded(n, digits) is None:
        return phrase("missing")
    return f"{number(n, digits)}{NO_BREAK}{form(n, noun, case, digits)}"


def unit(n: Number | None, key: str, case: Case = "nominative", digits: int | None = None) -> str:
    """Return a number with its unit: «5 дней в месяц», «85 %», «980 тыс. человек».

    A unit that is not in ``labels.yaml`` is the office's own and follows as it is given.

    Examples
    --------
    >>> kl.wording.unit(2, "day").split()
    ['2', 'дня']
    """
    return counted(number(n, digits), n, key, case, digits)


def unit_name(key: str) -> str:
    """Return a unit as it stands in a table header or on an axis: «мин», «чел. в смену».

    Examples
    --------
    >>> kl.wording.unit_name("minute")
    'мин'
    """
    known = words()["units"].get(key)
    return str(known["short"]) if known else key


def date(day: datetime.date | None) -> str:
    """Return a date in figures: «30.09.2019».

    Examples
    --------
    >>> kl.wording.date(date(2019, 9, 30))
    '30.09.2019'
    """
    return _date(day, "dd.MM.yyyy")


def long_date(day: datetime.date | None) -> str:
    """Return a date in words: «30 сентября 2019 г.».

    Examples
    --------
    >>> kl.wording.long_date(date(2019, 9, 30)).split()
    ['30', 'сентября', '2019', 'г.']
    """
    return _date(day, "d MMMM y") + ("" if absent(day) else NO_BREAK + phrase("year"))


def day_month(day: datetime.date | None) -> str:
    """Return a day of a year that is clear from the context: «30 сентября».

    Examples
    --------
    >>> kl.wording.day_month(date(2019, 9, 30)).split()
    ['30', 'сентября']
    """
    return _date(day, "d MMMM")


def _rounded(x: Number | None, digits: int | None) -> Decimal | None:
    if x is None or absent(x) or not math.isfinite(x):
        return None
    step = Decimal(1).scaleb(-(MOST_DIGITS if digits is None else digits))
    rounded = Decimal(str(x)).quantize(step, ROUND_HALF_UP, _ROOMY)
    if digits is None:
        whole = rounded.to_integral_value()
        rounded = whole if rounded == whole else rounded.normalize()
    return abs(rounded) if rounded == 0 else rounded


def counted(
    text: str, n: Number | None, key: str, case: Case = "nominative", digits: int | None = None
) -> str:
    """Put the unit after a text that ends with the number ``n``."""
    if not key or n is None or _rounded(n, digits) is None:
        return text
    known = words()["units"].get(key)
    if known is None:
        return f"{text}{NO_BREAK}{key}"
    if "sign" in known:
        space = NARROW if known["sign"] == "%" else NO_BREAK
        return text + space + str(known["sign"]).replace(" ", NO_BREAK)
    if "before" in known:
        return f"{text}{NO_BREAK}{known['before']}{NO_BREAK}{form(5, known['noun'], case)}"
    after = " " + str(known["after"]).replace(" ", NO_BREAK) if "after" in known else ""
    return f"{text}{NO_BREAK}{form(n, known['noun'], case, digits)}{after}"


def _date(day: datetime.date | None, pattern: str) -> str:
    if day is None or absent(day):
        return phrase("missing")
    return format_date(day, format=pattern, locale=_RUSSIAN).replace(" ", NO_BREAK)
