"""Russian numbers, units, plurals, dates and labels, the same in every environment.

The words themselves are in ``data/labels.yaml``. The locale is fixed, never the
environment's. What is missing reads «нет данных».
"""

from kuzbass_lean.wording.numbers import (
    MINUS,
    NARROW,
    NO_BREAK,
    date,
    day_month,
    form,
    long_date,
    number,
    percent,
    plural,
    points,
    unit,
    unit_name,
)
from kuzbass_lean.wording.texts import bounds, change_text, ratio, value_text
from kuzbass_lean.wording.vocabulary import Formula, formula, formulas, join, label, phrase

__all__ = [
    "MINUS",
    "NARROW",
    "NO_BREAK",
    "Formula",
    "bounds",
    "change_text",
    "date",
    "day_month",
    "form",
    "formula",
    "formulas",
    "join",
    "label",
    "long_date",
    "number",
    "percent",
    "phrase",
    "plural",
    "points",
    "ratio",
    "unit",
    "unit_name",
    "value_text",
]
