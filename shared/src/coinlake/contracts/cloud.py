"""The names of what coinlake uses in AWS, and the prefixes of its bucket."""

DATABASE = "coinlake"
GLUE_JOB = "coinlake-rebuild"
CRAWLER = "coinlake-curated"
WORKGROUP = "coinlake"
GLUE_VERSION = "5.1"

BATCHES_PREFIX = "batches/"
STAGING_PREFIX = "staging/"
CURATED_PREFIX = "curated/"
LEDGER_PREFIX = "ledger/"
JOBS_PREFIX = "jobs/"
ATHENA_RESULTS_PREFIX = "athena-results/"
