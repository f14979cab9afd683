"""What the DAGs of coinlake are made of: the runner's steps as tasks of Airflow."""
