"""The local Athena: real SQL in Athena's dialect over the Glue catalog and S3.

Where what is said here is from: a name such as MathFunctions or Type.isOrderable is a class or
method of Trino 476 (trino-main and trino-spi, unless another library is named), of Java 24 or of
Joda-Time, as the package tells; what is said of DuckDB was seen with DuckDB 1.5.5. Both are asked
again by tests/conformance and tests/integration/local_athena, against a recorded Trino. What is
said of Athena names its API reference, its user guide, or where else it is from.
"""
