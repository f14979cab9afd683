"""The local Athena: real SQL in Athena's dialect over the Glue catalog and S3."""
