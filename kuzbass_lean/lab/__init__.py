"""The analyst's lab: choose, look, try out, take away, save as a report.

``explore`` shows it in JupyterLab; what it shows and writes can be had without widgets from
``View``, ``try_out``, ``write_excel``, ``write_csv`` and ``save_report``.
"""

from kuzbass_lean.lab.explorer import Explorer, explore
from kuzbass_lean.lab.keeping import report_id, save_report, write_csv, write_excel
from kuzbass_lean.lab.style import stylesheet
from kuzbass_lean.lab.trial import Limits, Outcome, limits, try_out
from kuzbass_lean.lab.view import CHARTS, TABLES, Choice, View

__all__ = [
    "CHARTS",
    "TABLES",
    "Choice",
    "Explorer",
    "Limits",
    "Outcome",
    "View",
    "explore",
    "limits",
    "report_id",
    "save_report",
    "stylesheet",
    "try_out",
    "write_csv",
    "write_excel",
]
