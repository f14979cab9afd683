"""What AWS asks for, at us-east-1 list prices: the one place that knows it.

The pages are aws.amazon.com/<service>/pricing. `local_cloud.bill` may know nothing of coinlake and
has its own copy of what it charges; a test holds the two together.
"""

# Glue. Spark runs are billed by the second, one minute at least (AWS Glue pricing, ETL jobs).
USD_PER_DPU_HOUR = 0.44
RUN_FLOOR_S = 60
# AWS's pages disagree on a crawl's least bill (1 or 10 minutes): the dearer one is taken.
CRAWL_FLOOR_S = 600
# The service chooses it, and tells it afterwards (Glue API, CrawlerHistory: DPUHour); AWS's own
# example of a crawl takes two (AWS Glue pricing, Data Catalog example).
CRAWL_DPU = 2.0
# Beyond the first million of each a month (AWS Glue pricing, Data Catalog).
USD_PER_CATALOG_REQUEST = 1.0 / 1_000_000
FREE_CATALOG_REQUESTS = 1_000_000

# Athena bills whole megabytes and ten of them at least (Amazon Athena pricing). They are decimal:
# the least limit of a query, "10 MB" on the pages, is 10000000 in the API (Athena API,
# WorkGroupConfiguration: BytesScannedCutoffPerQuery, minimum value).
USD_PER_TB_SCANNED = 5.0
MB = 10**6
TB = 10**12
QUERY_FLOOR_BYTES = 10 * MB

# S3 Standard (Amazon S3 pricing, Requests & data retrievals). DELETE is free; all else is GET class.
USD_PER_PUT_CLASS = 0.005 / 1000  # PUT, COPY, POST, LIST
USD_PER_GET_CLASS = 0.0004 / 1000  # GET, HEAD, SELECT
USD_PER_S3_GB_MONTH = 0.023

# CloudWatch Logs: PutLogEvents itself is free, its bytes are not (Amazon CloudWatch pricing).
USD_PER_LOG_GB = 0.50
USD_PER_ALARM_MONTH = 0.10

# SNS: publishes to an address of e-mail or a queue (Amazon SNS pricing, standard topics).
USD_PER_SNS_PUBLISH = 0.50 / 1_000_000
FREE_SNS_PUBLISHES = 1_000_000

# EC2, EBS and VPC (Amazon EC2 on-demand, Amazon EBS, Amazon VPC pricing).
USD_PER_GP3_GB_MONTH = 0.08
USD_PER_SNAPSHOT_GB_MONTH = 0.05
USD_PER_ADDRESS_HOUR = 0.005


def billed_bytes(scanned_bytes: int) -> int:
    """What Athena bills for one query that read so much: up to whole megabytes, at least ten."""
    return max(QUERY_FLOOR_BYTES, -(-scanned_bytes // MB) * MB)
