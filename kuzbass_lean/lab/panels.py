"""The parts of the lab: each follows a view, shows itself as widgets, and says the same in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from itertools import count
from pathlib import Path
from typing import Any, Final

import ipywidgets as widgets
import pandas as pd
from itables.javascript import generate_init_offline_itables_html, to_html_datatable
from itables.options import dt_bundle

from kuzbass_lean import wording
from kuzbass_lean.errors import LeanError
from kuzbass_lean.lab.keeping import report_id, save_report, write_csv, write_excel
from kuzbass_lean.lab.style import stylesheet
from kuzbass_lean.lab.trial import limits, try_out
from kuzbass_lean.lab.view import CHARTS, TABLES, View

_CLASS: Final = "kl"
_WIDE: Final = {"description_width": "17em"}
_LENGTHS: Final = [10, 25, 100]


class Panel:
    """A part of the lab. ``text`` says in words what its widget shows."""

    widget: Any
    text: str = ""

    def follow(self, view: View) -> None:
        """Show another view."""
        raise NotImplementedError

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {**self.widget._repr_mimebundle_(), "text/plain": self.text}


class Charts(Panel):
    """One block of a report at a time."""

    def __init__(self) -> None:
        self.picked = _buttons("lab_chart", CHARTS, "chart")
        self.place = page()
        self.widget = widgets.VBox([_style(), self.picked, self.place])
        self.picked.observe(lambda _: self._show(), "value")

    def follow(self, view: View) -> None:
        """Show the picked block of the view."""
        self.view = view
        self._show()

    def _show(self) -> None:
        block = self.view.chart(self.picked.value)
        self.place.value, self.text = block.html, block.text


class Tables(Panel):
    """One table at a time, to search and to sort; nothing comes from the network."""

    def __init__(self) -> None:
        self.picked = _buttons("lab_table", TABLES, "table")
        self.place = widgets.Output()
        engine = widgets.Output()
        engine.outputs = _html(generate_init_offline_itables_html(dt_bundle))
        self.widget = widgets.VBox([engine, self.picked, self.place])
        self.picked.observe(lambda _: self._show(), "value")
        self._numbers = count()

    def follow(self, view: View) -> None:
        """Show the picked table of the view."""
        self.view = view
        self._show()

    def _show(self) -> None:
        name = self.picked.value
        frame = self.view.table(name)
        self.place.outputs = _html(interactive(frame, f"lab-{name}-{next(self._numbers)}"))
        rows = f"{wording.label('lab_table', name)}: {len(frame)} {wording.label('lab', 'rows')}"
        self.text = f"{rows}\n{' | '.join(frame.columns)}"


class Trial(Panel):
    """What if: sliders for a direction, its level as it is and as it would be."""

    def __init__(self) -> None:
        self.direction = widgets.Dropdown(description=wording.label("lab", "direction"), style=_WIDE)
        self.direction.layout.width = "60em"
        self.units, self.projects, self.y = (_slider(name) for name in ("units", "projects", "criteria"))
        self.place = page()
        sliders = [self.units, self.projects, self.y]
        self.widget = widgets.VBox([_style(), self.direction, *sliders, self.place])
        self._quiet = False
        self.direction.observe(lambda _: self._moved(self._set), "value")
        for slider in sliders:
            slider.observe(lambda _: self._moved(self._show), "value")

    def follow(self, view: View) -> None:
        """Take the directions of the view; the one tried before stays if it is among them."""
        self.view, number = view, self.direction.value
        numbers = [direction.number for direction in view.profile.directions]
        self._quiet = True
        self.direction.options = [(f"{d.number}. {d.title}", d.number) for d in view.profile.directions]
        self.direction.value = number if number in numbers else next(iter(numbers), None)
        self._quiet = False
        self._set()

    def _moved(self, act: Callable[[], None]) -> None:
        """Do what a control asks for, unless the panel itself has moved it."""
        if not self._quiet:
            act()

    def _set(self) -> None:
        """Bring the sliders back to nothing more, as far as the direction lets them go."""
        number = self.direction.value
        found = limits(self.view, number) if number is not None else None
        self._quiet = True
        self.y.description = wording.label("lab", found.y if found and found.y else "criteria")
        for slider, most in (
            (self.units, found.units if found else 0),
            (self.projects, found.projects if found else 0),
            (self.y, 100 if found and found.y else 0),
        ):
            slider.value, slider.max, slider.disabled = 0, max(most, 1), not most
            slider.layout.display = "" if most else "none"
        self._quiet = False
        self._show()

    def _show(self) -> None:
        number = self.direction.value
        if number is None:
            self.text = wording.label("lab", "no_directions")
            self.place.value = f"<p>{escape(self.text)}</p>"
            return
        outcome = try_out(self.view, number, self.units.value, self.projects.value, self.y.value or None)
        block = outcome.block
        self.place.value, self.text = block.html, block.text


class Keeping(Panel):
    """Buttons that write the view as Excel, as CSV, and as a params file for the build."""

    def __init__(self, params: Path, exports: Path) -> None:
        self.params, self.exports = params, exports
        self.excel, self.csv, self.save = (
            widgets.Button(description=wording.label("lab", name), layout={"width": "auto"})
            for name in ("excel", "csv", "save")
        )
        self.name = widgets.Text(value="my-report", description=wording.label("lab", "report_name"))
        self.place = page()
        row = widgets.HBox([self.excel, self.csv, self.name, self.save])
        self.widget = widgets.VBox([row, self.place])
        self.excel.on_click(lambda _: guarded(self.place, self.write_excel))
        self.csv.on_click(lambda _: guarded(self.place, self.write_csv))
        self.save.on_click(lambda _: guarded(self.place, lambda: self.save_report(self.name.value)))

    def follow(self, view: View) -> None:
        """Write this view from now on."""
        self.view = view
        scope = view.choice.scope
        self.stem = "-".join(filter(None, [scope.sector, scope.municipality, view.choice.as_of.isoformat()]))
        self.text = f"{view.title}, {wording.date(view.choice.as_of)}: {self.stem}"

    def write_excel(self) -> Path:
        """Write the tables of the view as a workbook into the folder of exports."""
        path = write_excel(self.view, self.exports / f"{self.stem}.xlsx")
        _say(self.place, f"{wording.label('lab', 'written')} {path}")
        return path

    def write_csv(self) -> tuple[Path, ...]:
        """Write the tables of the view as CSV files into a folder of their own there."""
        paths = write_csv(self.view, self.exports / self.stem)
        _say(self.place, f"{wording.label('lab', 'written')} {self.exports / self.stem}")
        return paths

    def save_report(self, name: str) -> Path:
        """Write the params file of the view, and say the command that builds it."""
        path = save_report(self.view, name, self.params)
        command = f"kuzbass-lean build --only '{report_id(self.view.choice, name)}'"
        _say(
            self.place,
            f"{wording.label('lab', 'written')} {path}",
            f"{wording.label('lab', 'build')} {command}",
        )
        return path


def page() -> Any:
    """Return an empty piece of a report's page."""
    place = widgets.HTML()
    place.add_class(_CLASS)
    return place


def guarded(place: Any, act: Callable[[], object]) -> None:
    """Do what a control asks for; what is wrong is said beside it, as a traceback would not be seen."""
    try:
        act()
    except (LeanError, OSError) as error:
        _say(place, str(error))


def interactive(frame: pd.DataFrame, name: str) -> str:
    """Return a table to search and to sort, as HTML that needs Tables' own script and no network."""
    said: Mapping[str, Any] = {
        "search": wording.label("lab", "search"),
        "info": wording.label("lab", "shown"),
        "infoEmpty": wording.label("lab", "nothing"),
        "emptyTable": wording.label("lab", "nothing"),
        "zeroRecords": wording.label("lab", "nothing"),
        "infoFiltered": "(_MAX_)",
        "lengthMenu": "_MENU_",
    }
    days = {
        str(name): frame[name].dt.strftime("%Y-%m-%d").fillna("")
        for name in frame.select_dtypes("datetime").columns
    }
    dated = [place for place, column in enumerate(frame.columns) if column in days]
    return str(
        to_html_datatable(
            frame.assign(**days),
            table_id=name,
            connected=False,
            showIndex=False,
            maxBytes=0,
            language=said,
            lengthMenu=_LENGTHS,
            classes="display compact",
            columnDefs=[
                {"targets": dated, "className": "dt-left dt-nowrap"},
                {"targets": "_all", "className": "dt-left"},
            ],
            display_logo_when_loading=False,
        )
    )


def _say(place: Any, *lines: str) -> None:
    place.value = "".join(f"<p>{escape(line)}</p>" for line in lines)


def _style() -> Any:
    return widgets.HTML(f"<style>{stylesheet(f'.{_CLASS}.{_CLASS}')}</style>")


def _html(text: str) -> tuple[Mapping[str, Any], ...]:
    return ({"output_type": "display_data", "data": {"text/html": text}, "metadata": {}},)


def _buttons(group: str, names: tuple[str, ...], label: str) -> Any:
    options = [(wording.label(group, name), name) for name in names]
    return widgets.ToggleButtons(
        options=options, description=wording.label("lab", label), style={"button_width": "auto"}
    )


def _slider(name: str) -> Any:
    slider = widgets.IntSlider(
        description=wording.label("lab", name), max=1, continuous_update=False, style=_WIDE
    )
    slider.layout.width = "44em"
    return slider
