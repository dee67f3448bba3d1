"""The lab in JupyterLab: controls that choose, and panels that follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import ipywidgets as widgets

from kuzbass_lean import catalogue, views, wording
from kuzbass_lean.lab.panels import Charts, Keeping, Panel, Tables, Trial, guarded, page
from kuzbass_lean.lab.view import Choice, View
from kuzbass_lean.registry import Registry
from kuzbass_lean.views.summary import earlier_date


class Explorer(Panel):
    """Controls for sector, municipality and period, with the panels that follow them.

    Show it in a cell for the controls; ``charts``, ``tables``, ``trial`` (what if) and
    ``keeping`` (Excel, CSV, a report) in cells of their own. ``view`` is what they show.
    """

    def __init__(
        self, recorded: Registry, choice: Choice, readings: Mapping[int, str], params: Path, exports: Path
    ) -> None:
        self.recorded, self.readings = recorded, readings
        self.charts, self.tables, self.trial = Charts(), Tables(), Trial()
        self.keeping = Keeping(params, exports)
        sectors = [(sector.title, sector.key) for sector in catalogue.sectors()]
        places = [(str(title), str(key)) for key, title in recorded.municipalities["title"].items()]
        self.sector = widgets.Dropdown(
            options=[(wording.label("lab", "all_sectors"), None), *sectors],
            description=wording.label("lab", "sector"),
        )
        self.municipality = widgets.Dropdown(
            options=[(wording.label("lab", "all_municipalities"), None), *places],
            description=wording.label("lab", "municipality"),
        )
        self.since, self.as_of = (
            widgets.DatePicker(description=wording.label("lab", name)) for name in ("since", "as_of")
        )
        self.place = page()
        self.controls = (self.sector, self.municipality, self.since, self.as_of)
        rows = [widgets.HBox(self.controls[:2]), widgets.HBox(self.controls[2:])]
        self.widget = widgets.VBox([*rows, self.place])
        self._quiet = False
        for control in self.controls:
            control.observe(lambda _: guarded(self.place, self._chosen), "value")
        self._choose(choice)

    def choose(self, sector: str = "", municipality: str = "", since: str = "", as_of: str = "") -> Explorer:
        """Choose as the controls do, in any spelling the catalogue knows; empty is all.

        Raises
        ------
        UsageError
            A name is unknown (the nearest are named), or a date is not one.
        """
        self._choose(_choice(self.recorded, sector, municipality, since, as_of))
        return self

    def follow(self, view: View) -> None:
        """Show a view in every panel."""
        for panel in (self.charts, self.tables, self.trial, self.keeping):
            panel.follow(view)
        self.view = view
        days = " … ".join(wording.date(day) for day in (view.choice.since, view.choice.as_of) if day)
        self.text = f"{view.title}, {days}"
        self.place.value = ""

    def _choose(self, choice: Choice) -> None:
        self.follow(View(self.recorded, choice, self.readings))
        self._quiet = True
        self.sector.value, self.municipality.value = choice.sector, choice.municipality
        self.since.value, self.as_of.value = choice.since, choice.as_of
        self._quiet = False

    def _chosen(self) -> None:
        if self._quiet:
            return
        as_of: date = self.as_of.value or self.view.choice.as_of
        since = earlier_date(as_of, self.since.value.isoformat() if self.since.value else "")
        choice = Choice(as_of, since, self.sector.value, self.municipality.value)
        self.follow(View(self.recorded, choice, self.readings))


def explore(
    recorded: Registry,
    as_of: str = "",
    *,
    sector: str = "",
    municipality: str = "",
    since: str = "",
    readings: Mapping[int, str] | None = None,
    params: str = "params",
    exports: str = "exports",
) -> Explorer:
    """Return the lab on a registry.

    Parameters
    ----------
    recorded
        The whole registry, as ``read`` gives it.
    as_of, since
        The period, as YYYY-MM-DD; left out, up to the latest date recorded, from three months earlier.
    sector, municipality
        What to begin with, in any spelling the catalogue knows; left out, the region.
    readings
        Reading of the model's rules by direction number; the others use their default.
    params, exports
        Folders that reports are saved to and tables are written to.

    Raises
    ------
    UsageError
        A name is unknown (the nearest are named), or a date is not one.

    Examples
    --------
    >>> lab = kl.lab.explore(registry, sector="МФЦ", municipality="г. Кемерово")
    >>> lab.view.choice.scope.kind, lab.view.title
    ('pair', 'МФЦ. Кемеровский городской округ')
    """
    choice = _choice(recorded, sector, municipality, since, as_of)
    return Explorer(recorded, choice, readings or {}, Path(params), Path(exports))


def _choice(recorded: Registry, sector: str, municipality: str, since: str, as_of: str) -> Choice:
    day = views.report_date(recorded, as_of)
    return Choice(
        day,
        earlier_date(day, since),
        catalogue.sector(sector).key if sector else None,
        recorded.municipality(municipality) if municipality else None,
    )
