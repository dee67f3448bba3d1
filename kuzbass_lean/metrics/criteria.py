"""The standing answer to every criterion, unit by unit: what is met and what is still open."""

from __future__ import annotations

from datetime import date

import pandas as pd

_COLUMNS = ["organization_id", "model", "version", "number", "result"]


def current_answers(
    assessments: pd.DataFrame, criteria: pd.DataFrame | None, as_of: date, model: str | None = None
) -> pd.DataFrame:
    """Give each assessed organisation's standing answer to each criterion.

    The latest assessment of a criterion up to ``as_of`` counts, within the version of the
    criteria that was used last, as in ``criteria_share``, whose counts these are.

    Parameters
    ----------
    criteria
        The lists of criteria; those without an answer are ``unanswered``. Without the list
        of a version only the answered ones are here.
    model
        One model of criteria, or all.

    Returns
    -------
    DataFrame
        ``organization_id, model, version, number, result`` (met, not_met, na, unanswered),
        ordered by organisation, model and number.

    Source: programme methodology, metrics table: Criteria share.

    Examples
    --------
    >>> answers = kl.metrics.current_answers(registry["assessments"], registry["criteria"], day, "mfc")
    >>> sorted(answers["result"].unique())
    ['met', 'na', 'not_met', 'unanswered']
    """
    past = assessments[assessments["assessed_on"].le(pd.Timestamp(as_of))]
    if model is not None:
        past = past[past["model"].eq(model)]
    past = past.sort_values(["assessed_on", "version"], kind="stable")
    key = ["organization_id", "model"]
    current = past.drop_duplicates(key, keep="last")[[*key, "version"]]
    latest = past.merge(current).drop_duplicates([*key, "number"], keep="last")[_COLUMNS]
    if criteria is not None:
        listed = current.merge(criteria[["model", "version", "number"]])
        asked = listed.merge(latest[[*key, "number"]], how="left", indicator=True)
        open_ = asked.loc[asked["_merge"].eq("left_only"), _COLUMNS[:-1]]
        latest = pd.concat([latest, open_.assign(result="unanswered").astype(latest.dtypes.to_dict())])
    return latest.sort_values([*key, "number"], ignore_index=True)
