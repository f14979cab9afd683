"""Where the tools find the services; Kafka, AWS and the lake use the shared variables."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from coinlake.settings import LakeSettings


class Settings(BaseSettings):
    """What the tools read from the environment, once."""

    model_config = SettingsConfigDict(frozen=True)

    ingestor_url: str = Field(default="", description="Base URL of the ingestor's endpoints.")
    s3_sink_url: str = Field(default="", description="Base URL of the sink's endpoints.")
    etl_runner_url: str = Field(default="", description="Base URL of the runner's endpoints.")
    query_api_url: str = Field(default="", description="Base URL of the query service.")
    etl_runner_admin_token: SecretStr | None = Field(
        default=None, description="Bearer token for the runner's commands, if it requires one."
    )
    lake: LakeSettings = Field(default_factory=LakeSettings, description="From COINLAKE_*.")
    coinlake_glue_role: str = Field(
        default="arn:aws:iam::123456789012:role/coinlake-glue",
        description="Role of the Glue job and the crawler.",
    )
    coinlake_quality_role: str = Field(
        default="arn:aws:iam::123456789012:role/coinlake-quality",
        description="Role with which Glue Data Quality reads the tables.",
    )
    aws_default_region: str = Field(default="us-east-1", description="Region of the bucket.")

    def urls(self) -> dict[str, str]:
        """The base URL of each service that has one set."""
        named = {
            "ingestor": self.ingestor_url,
            "s3-sink": self.s3_sink_url,
            "etl-runner": self.etl_runner_url,
            "query-api": self.query_api_url,
        }
        return {name: url.rstrip("/") for name, url in named.items() if url}
