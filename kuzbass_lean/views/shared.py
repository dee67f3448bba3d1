"""What all reports of a build have in common, computed before the first of them starts."""

from __future__ import annotations

from datetime import date

from kuzbass_lean import catalogue
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views import proof, reference, replicas, summary


def prepare(recorded: Registry, as_of: date) -> None:
    """Have the registry keep what reports on the date compute of the whole of it (``Registry.once``).

    The views of one sector and one municipality are made, for they ask for all of it; so the
    time that any other takes is that of its own part, however much there is beside it.
    """
    registry = summary.as_at(recorded, as_of)
    sector = Scope.of_sector(catalogue.sectors()[0].key)
    summary.sector_profile(registry, sector, None, as_of)
    reference.sector_reconciliation(registry, catalogue.sectors()[0].key)
    replicas.replication(registry, registry.slice(sector))
    for place in registry.municipalities.index[:1]:
        scope = Scope.of_municipality(str(place))
        registry.slice(scope)
        replicas.candidates(registry, scope)
        proof.comparison(registry, scope)
    for project in registry.projects["project_id"].head(1):
        registry.slice(Scope.of_project(str(project)))
        replicas.adopters(registry, str(project))
