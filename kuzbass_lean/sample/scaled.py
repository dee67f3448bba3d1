"""Samples of any size, synthetic throughout, made column by column."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kuzbass_lean import catalogue, schema

SOURCE = "synthetic"
AS_OF = pd.Timestamp("2019-09-30")
START = np.datetime64("2018-06-01")

_KINDS = (
    "state_body",
    "municipal_body",
    "polyclinic",
    "school",
    "mfc",
    "employment_center",
    "management_company",
    "transport_company",
    "enterprise",
)
_SECTORS = ("gov", "muni", "health", "edu", "mfc", "empl", "housing", "transport", "industry")
_STATUS_SHARES = {"planned": 0.1, "in_progress": 0.4, "implemented": 0.25, "closed": 0.2, "unknown": 0.05}
_PROJECTS_PER_ORGANIZATION = 4


def scaled(projects: int, municipalities: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return a synthetic registry with so many projects and municipalities."""
    random = np.random.default_rng(seed)
    places = _places(municipalities)
    tables: dict[str, pd.DataFrame] = {}
    if municipalities != len(catalogue.municipalities()):
        tables["municipalities"] = _municipalities(places)
    organizations = _organizations(projects, places)
    tables["organizations"] = organizations
    tables["frames"] = _frames(organizations, municipalities)
    tables["projects"] = _projects(projects, organizations, random)
    tables["participants"] = _participants(projects, organizations)
    tables["measures"], tables["values"] = _measures(tables["projects"], random)
    tables["criteria"], tables["assessments"] = _assessments(organizations, random)
    return {name: _typed(name, frame) for name, frame in tables.items()}


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(source=SOURCE).reindex(columns=list(schema.dtypes(name))).astype(schema.dtypes(name))


def _places(count: int) -> np.ndarray:
    known = catalogue.municipalities()
    if count == len(known):
        return np.array([place.key for place in known])
    return _numbered("territory-", count, 4)


def _numbered(prefix: str, count: int, width: int) -> np.ndarray:
    return np.char.add(prefix, np.char.zfill(np.arange(1, count + 1).astype(str), width))


def _municipalities(places: np.ndarray) -> pd.DataFrame:
    number = np.arange(len(places))
    side = math.ceil(math.sqrt(len(places)))
    names = [f"Территория {key.rsplit('-', 1)[1]} (демо)" for key in places]
    grid = {"tile_row": number // side + 1, "tile_column": number % side + 1}
    return pd.DataFrame({"municipality_id": places, "name": names, "kind": "municipal_okrug", **grid})


def _organizations(projects: int, places: np.ndarray) -> pd.DataFrame:
    """Every municipality has an organisation; kinds and places alternate at different paces."""
    count = max(len(places), projects // _PROJECTS_PER_ORGANIZATION, 1)
    number = np.arange(count)
    kind = np.array(_KINDS)[(number // len(places) + number) % len(_KINDS)]
    sector = np.array(_SECTORS)[(number // len(places) + number) % len(_SECTORS)]
    keys = _numbered("org-", count, 6)
    names = np.char.add(np.char.add("Организация ", np.char.zfill((number + 1).astype(str), 6)), " (демо)")
    since = pd.Series(AS_OF - pd.to_timedelta(number % 400, unit="D")).where(number % 3 == 0)
    return pd.DataFrame(
        {
            "organization_id": keys,
            "name": names,
            "kind": kind,
            "sector": sector,
            "municipality_id": places[number % len(places)],
            "lean_since": since.where(np.isin(kind, ["management_company", "transport_company"])),
        }
    )


def _frames(organizations: pd.DataFrame, municipalities: int) -> pd.DataFrame:
    counts = organizations["kind"].value_counts().sort_index()
    kinds = [*counts.index, "municipality"]
    units = [*(counts.to_numpy() + counts.to_numpy() // 4), municipalities]
    return pd.DataFrame({"kind": kinds, "units": units, "as_of": AS_OF, "status": "assumed"})


def _projects(count: int, organizations: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    number = np.arange(count)
    owner = number % len(organizations)
    status = random.choice(list(_STATUS_SHARES), size=count, p=list(_STATUS_SHARES.values()))
    started = START + random.integers(0, 330, count).astype("timedelta64[D]")
    done = started + random.integers(30, 120, count).astype("timedelta64[D]")
    begun, realised, closed = status != "planned", np.isin(status, schema.REALISED), status == "closed"
    found = random.integers(2, 15, count)
    directions = np.array([direction.key for direction in catalogue.municipal_directions()])
    titles = np.char.add(
        np.char.add("Улучшение процесса (демо ", np.char.zfill((number + 1).astype(str), 7)), ")"
    )
    dates = {
        "started": pd.Series(started).where(begun),
        "due": pd.Series(started + np.timedelta64(240, "D")),
        "implemented": pd.Series(done).where(realised),
        "closed": pd.Series(done + np.timedelta64(10, "D")).where(closed),
    }
    return pd.DataFrame(
        {
            "project_id": _numbered("p", count, 7),
            "title": titles,
            "organization_id": organizations["organization_id"].to_numpy()[owner],
            "sector": organizations["sector"].to_numpy()[owner],
            "direction": pd.Series(directions[number % len(directions)]).where(number % 3 > 0),
            "status": status,
            **dates,
            "centralised": False,
            "problems_found": found,
            "problems_solved": found - random.integers(0, 3, count),
        }
    )


def _participants(projects: int, organizations: pd.DataFrame) -> pd.DataFrame:
    """One project in ten has a second organisation."""
    number = np.arange(9, projects, 10)
    other = (number + 1) % len(organizations)
    keys = _numbered("p", projects, 7)[number]
    return pd.DataFrame(
        {"project_id": keys, "organization_id": organizations["organization_id"].to_numpy()[other]}
    )


def _measures(projects: pd.DataFrame, random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Half of the projects have a measure; those realised have a value after."""
    measured = projects.iloc[::2]
    keys = measured["project_id"].str.cat(["-time"] * len(measured))
    service = pd.Series(np.array(["first", "repeat"])[np.arange(len(measured)) % 2], index=measured.index)
    measures = pd.DataFrame(
        {
            "measure_id": keys,
            "project_id": measured["project_id"],
            "name": "Время протекания процесса (демо)",
            "unit": "minute",
            "family": "lead_time",
            "better": "lower",
            "statistic": "mean",
            "service": service.where(measured["sector"].eq("empl")),
        }
    )
    before = random.integers(20, 60, len(measured)).astype(float)
    after = np.round(before * random.uniform(0.4, 1.1, len(measured)), 1)
    parts = []
    for phase, value in (("before", before), ("after", after)):
        rows = pd.DataFrame(
            {"measure_id": keys, "phase": phase, "low": value, "high": value, "qualifier": "exact"}
        )
        parts.append(rows if phase == "before" else rows[measured["status"].isin(schema.REALISED)])
    return measures, pd.concat(parts, ignore_index=True)


def _assessments(
    organizations: pd.DataFrame, random: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers of every polyclinic and МФЦ, at most 200 of each kind."""
    criteria, answers = [], []
    for model, kind, items in (("mo_pmsp", "polyclinic", 22), ("mfc", "mfc", 12)):
        number = np.arange(1, items + 1)
        named = {"model": model, "version": "demo-1"}
        text = [f"Критерий {item} (демо)" for item in number]
        criteria.append(pd.DataFrame({**named, "number": number, "block": "Блок (демо)", "text": text}))
        units = organizations.loc[organizations["kind"].eq(kind), "organization_id"].to_numpy()[:200]
        rows = pd.DataFrame(
            {"organization_id": np.repeat(units, items), "number": np.tile(number, len(units))}
        )
        met = random.random(len(rows)) < 0.7
        answers.append(rows.assign(**named, assessed_on=AS_OF, result=np.where(met, "met", "not_met")))
    return pd.concat(criteria, ignore_index=True), pd.concat(answers, ignore_index=True)
