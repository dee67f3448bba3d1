"""Registries in and out: workbooks, CSV, Parquet, SQL and URLs of these, and nothing lost.

``read`` and ``examine`` take them in, a folder of workbooks too; ``write_workbook`` and
``template`` write the workbook that an office fills; ``annotate`` gives an office its own workbook
back with the findings in it.
"""

from kuzbass_lean.intake.annotation import annotate
from kuzbass_lean.intake.examination import Examination, Header, RowCount, examine, read
from kuzbass_lean.intake.neutral import neutralise, neutralised
from kuzbass_lean.intake.sources import SAMPLE_LABEL, sample_path
from kuzbass_lean.intake.stored import DATA_VARIABLE, held, restore, store
from kuzbass_lean.intake.template import template, write_workbook

__all__ = [
    "DATA_VARIABLE",
    "SAMPLE_LABEL",
    "Examination",
    "Header",
    "RowCount",
    "annotate",
    "examine",
    "held",
    "neutralise",
    "neutralised",
    "read",
    "restore",
    "sample_path",
    "store",
    "template",
    "write_workbook",
]
