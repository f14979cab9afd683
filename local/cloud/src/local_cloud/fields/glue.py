"""The Glue API as one service: jobs, crawlers, the catalog and data quality."""

from local_cloud.fields import glue_catalog, glue_crawlers, glue_jobs, glue_quality
from local_cloud.fields.declaration import Service, joined

GLUE = Service(
    "glue",
    "InvalidInputException",
    glue_jobs.OPERATIONS
    | glue_crawlers.OPERATIONS
    | glue_catalog.OPERATIONS
    | glue_quality.OPERATIONS,
    joined(glue_jobs.SHAPES, glue_crawlers.SHAPES, glue_catalog.SHAPES, glue_quality.SHAPES),
)
