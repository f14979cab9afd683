"""What a script may import from AWS Glue when it runs here: arguments and the job's frame."""
