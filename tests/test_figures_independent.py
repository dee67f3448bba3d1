"""Figures of every kind of report, computed again from the CSV files by a database of its own."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from kuzbass_lean import intake, maturity, views
from kuzbass_lean.figures import Figure
from kuzbass_lean.registry import Registry, Scope

DAY = date(2019, 9, 30)
PLACE, SECTOR = "kemerovsky-okrug", "health"
TAKING = """(select project_id, organization_id from projects union
             select project_id, organization_id from participants)"""
HERE = f"""project_id in (select project_id from {TAKING} join organizations using (organization_id)
           where municipality_id = '{PLACE}')"""
SCOPES = {"region": "true", "sector": f"sector = '{SECTOR}'", "municipality": HERE}
COUNTS = {
    "total": "status <> 'cancelled'",
    "realised": "status in ('implemented', 'closed')",
    "open": "status in ('planned', 'in_progress')",
    "overdue": f"status in ('planned', 'in_progress') and due < date '{DAY}'",
    "without_due": "status in ('planned', 'in_progress') and due is null",
    "problems.solved": "problems_found is not null and problems_solved is not null",
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return intake.read(intake.sample_path())


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for path in sorted(intake.sample_path().glob("*.csv")):
            connection.execute(f"create table \"{path.stem}\" as from read_csv('{path}')")
        yield connection


@pytest.fixture(scope="module")
def shown(registry: Registry) -> dict[str, dict[str, Figure]]:
    scopes = {
        "region": Scope.region(),
        "sector": Scope.of_sector(SECTOR),
        "municipality": Scope.of_municipality(PLACE),
        "project": Scope.of_project("mvd"),
    }
    found = {}
    for kind, scope in scopes.items():
        part = registry.slice(scope)
        graded = views.grades(part)
        made = [views.improvements(part, graded), views.effects(part), views.overdue(part, DAY)]
        if kind == "project":
            made.append(views.passport(part, "mvd", DAY))
        else:
            made += [views.first_screen(registry, scope, DAY, None, graded), views.portfolio(part),
                     views.units(part), views.territories(registry)]  # fmt: skip
        found[kind] = {figure.id: figure for block in made for figure in block.figures}
    state = {kind: views.shown.state(registry.slice(scopes[kind]), DAY) for kind in SCOPES}
    for kind, counts in state.items():
        found[kind] |= {figure.id: figure for figure in (counts.open, counts.without_due)}
    return found


def one(database: duckdb.DuckDBPyConnection, query: str) -> float:
    row = database.execute(query).fetchone()
    assert row is not None
    return float(row[0])


@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("name", COUNTS)
def test_a_count_is_what_the_files_say_and_its_rows_are_those(
    shown: dict[str, dict[str, Figure]], database: duckdb.DuckDBPyConnection, kind: str, name: str
) -> None:
    what = "sum(problems_solved)" if name == "problems.solved" else "count(*)"
    figure = shown[kind][name]
    wanted = f"from projects where {SCOPES[kind]} and {COUNTS[name]}"
    assert figure.value == one(database, f"select {what} {wanted}")
    ids = {row[0] for row in database.execute(f"select project_id {wanted}").fetchall()}
    assert set(figure.rows.keys().get("projects", [])) == ids


def test_every_territory_has_as_many_projects_as_the_files_say(
    shown: dict[str, dict[str, Figure]], database: duckdb.DuckDBPyConnection
) -> None:
    rows = database.execute(f"""select municipality_id, count(distinct project_id) from {TAKING}
        join organizations using (organization_id) join projects using (project_id)
        where status <> 'cancelled' and municipality_id is not null group by 1""").fetchall()
    assert len(rows) > 30
    for place, count in rows:
        assert shown["region"][f"projects.{place}"].value == count


def test_improvements_are_what_the_files_say(
    shown: dict[str, dict[str, Figure]], database: duckdb.DuckDBPyConnection
) -> None:
    rows = database.execute("""select m.measure_id, 100 * (b.low - a.low) / b.low
        * (case better when 'lower' then 1 else -1 end) from measures m
        join "values" b on b.measure_id = m.measure_id and b.phase = 'before'
        join "values" a on a.measure_id = m.measure_id and a.phase = 'after'
        where better in ('lower', 'higher') and b.qualifier = 'exact' and a.qualifier = 'exact'""").fetchall()
    known = {f"improvement.{key}": value for key, value in rows}
    checked = 0
    for figures in shown.values():
        for name in figures.keys() & known.keys():
            assert figures[name].value == pytest.approx(known[name], abs=1e-9)
            checked += 1
    assert checked > 10


def test_sums_and_participants_are_what_the_files_say(
    shown: dict[str, dict[str, Figure]], database: duckdb.DuckDBPyConnection
) -> None:
    query = """select sum(amount) from effects where confirmed and not ambiguous and qualifier = 'exact'
               and unit = 'RUB' and period = 'year'"""
    assert shown["region"]["effect_confirmed"].value == one(database, query)
    members = f"select count(distinct organization_id) from {TAKING} where project_id = 'mvd'"
    assert shown["project"]["participants"].value == one(database, members)


def test_behind_a_level_are_the_rows_that_its_direction_reads(
    registry: Registry, database: duckdb.DuckDBPyConnection
) -> None:
    def keys(query: str) -> set[str]:
        return {str(row[0]) for row in database.execute(query).fetchall()}

    profile = maturity.score(registry, as_of=DAY)
    levels = {figure.key: figure.rows.keys() for figure in views.ladder(profile, registry).figures
              if figure.name == "level"}  # fmt: skip
    # 1, state bodies: their realised projects, led or taken part in
    bodies = f"{TAKING} join organizations using (organization_id) where kind = 'state_body'"
    done = "status in ('implemented', 'closed')"
    assert set(levels["1"]["projects"]) == keys(
        f"select project_id from projects where {done} and project_id in (select project_id from {bodies})"
    )
    # 2, territories: realised projects of a municipal direction where anybody of a territory takes part
    placed = f"select project_id from {TAKING} join organizations using (organization_id)"
    assert set(levels["2"]["projects"]) == keys(
        f"""select project_id from projects where {done} and direction is not null
            and project_id in ({placed} where municipality_id is not null)"""
    )
    assert "organizations" not in levels["2"]
    # 3, polyclinics: their assessments; 5, employment centres: stated values of their receptions
    clinics = "select organization_id from organizations where kind = 'polyclinic'"
    assert set(levels["3"]["organizations"]) == keys(clinics)
    assert len(levels["3"]["assessments"]) == one(
        database, f"select count(*) from assessments where organization_id in ({clinics})"
    )
    assert set(levels["5"]["measures"]) == keys(
        """select measure_id from measures m join projects p using (project_id)
           join organizations o on o.organization_id = coalesce(m.organization_id, p.organization_id)
           where o.kind = 'employment_center' and family = 'lead_time' and service is not null"""
    )
    # 7, a share of territories: frames of companies and of territories
    assert {key.split(" · ")[0] for key in levels["7"]["frames"]} == {"management_company", "municipality"}
    lead = {figure.name: figure for figure in views.first_screen(
        registry, Scope.region(), DAY, profile).figures}["levels_count"]  # fmt: skip
    assert {table: set(keys) for table, keys in lead.rows.keys().items()} == {
        table: {key for level in levels.values() for key in level.get(table, ())}
        for table in {table for level in levels.values() for table in level}
    }


def test_what_a_unit_lacks_leads_to_its_own_rows(
    registry: Registry, database: duckdb.DuckDBPyConnection
) -> None:
    profile = maturity.score(registry, as_of=DAY)
    block = views.smallest_steps(profile, registry, Scope.region())
    lacks = [figure for figure in block.figures if figure.name == "lack_criteria"]
    assert len(lacks) > 5
    for figure in lacks:
        unit = figure.key.split(".", 1)[1]
        assert figure.rows.keys()["organizations"] == [unit]
        assert len(figure.rows.keys()["assessments"]) == one(
            database, f"select count(*) from assessments where organization_id = '{unit}'"
        )


def test_a_report_never_shows_two_figures_under_one_name(registry: Registry) -> None:
    profile = maturity.score(registry, as_of=DAY)
    made = [views.ladder(profile, registry), views.profile(profile, registry),
            views.forecast(profile, registry, Scope.region(), DAY)]  # fmt: skip
    for block in made:
        for figure in block.figures:
            assert {other for each in made for other in each.figures if other.id == figure.id} == {figure}
