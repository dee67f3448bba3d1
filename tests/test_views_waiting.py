"""How long projects take and wait, on a page."""

from datetime import date

import pandas as pd

from kuzbass_lean import views
from kuzbass_lean.registry import Registry

DAY = date(2019, 9, 30)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def registry(*rows: tuple[str, str | None, str | None, str | None]) -> Registry:
    """Projects as (status, started, due, closed)."""
    projects = pd.DataFrame(rows, columns=["status", "started", "due", "closed"])
    projects = projects.assign(**{day: pd.to_datetime(projects[day]) for day in ("started", "due", "closed")})
    ids = [f"p{n}" for n in range(len(rows))]
    about = {"project_id": ids, "title": ids, "organization_id": "o", "sector": "gov", "centralised": False}
    return Registry.from_frames({"projects": projects.assign(**about)})


def test_the_oldest_open_projects_come_first_each_with_its_lateness() -> None:
    data = registry(
        ("in_progress", "2019-09-20", "2019-09-29", None),
        ("in_progress", "2019-09-10", "2019-10-01", None),
        ("planned", "2019-09-25", None, None),
        ("in_progress", None, None, None),
        ("closed", "2019-01-01", None, "2019-02-01"),
    )
    text = plain(views.ageing(data, DAY).text)
    lines = [line for line in text.splitlines() if line.startswith("p")]
    assert lines == [
        "p1 | o | 10.09.2019 | 20 | в срок",
        "p0 | o | 20.09.2019 | 10 | 1",
        "p2 | o | 25.09.2019 | 5 | нет срока",
    ]
    assert "Всего открыто: 4 проекта. Без даты начала, и возраст неизвестен: 1." in text


def test_the_overdue_list_is_followed_by_the_oldest() -> None:
    text = views.overdue(registry(("in_progress", "2019-09-20", "2019-09-29", None)), DAY).text
    assert text.index("Просроченные проекты") < text.index("Открыты дольше всех")


def test_projects_begun_before_endings_were_recorded_are_warned_of() -> None:
    # the first ending 2019-06-01 less the median of 31 and 59 days: 2019-04-17
    closed = [("closed", "2019-05-01", None, "2019-06-01"), ("closed", "2019-05-04", None, "2019-07-02")]
    early = plain(views.time_to_close(registry(*closed, ("in_progress", "2019-04-16", None, None)), DAY).text)
    assert "Осторожно: 1 из 3 проектов начаты раньше 17.04.2019" in early
    late = plain(views.time_to_close(registry(*closed, ("in_progress", "2019-04-17", None, None)), DAY).text)
    assert "Осторожно" not in late
    assert "судя по завершениям, с 17.04.2019" in late
