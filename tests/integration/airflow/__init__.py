"""The DAGs of deploy/airflow, run by Airflow's own scheduler over the real local cloud."""
