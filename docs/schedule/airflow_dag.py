"""Airflow 3: into the folder of DAGs; the worker has /srv/kuzbass-lean."""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SITE = "/srv/lean/site"

with DAG(
    "kuzbass_lean",
    description="Reports of the lean-government programme",
    schedule="15 6 * * 1-5",
    start_date=pendulum.datetime(2026, 1, 5, tz="Asia/Novokuznetsk"),
    catchup=False,
    max_active_runs=1,
    default_args={"cwd": "/srv/kuzbass-lean"},
) as dag:
    build = BashOperator(
        task_id="build",
        bash_command=f".venv/bin/kuzbass-lean build --data /srv/lean/registry --out {SITE} --wait 3600",
        retries=2,
        retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(hours=4),
    )
    monitor = BashOperator(
        task_id="monitor",
        bash_command=f".venv/bin/kuzbass-lean runs {SITE} --max-age 12",
        trigger_rule="all_done",
    )
    build >> monitor
