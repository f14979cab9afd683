"""Writes the components as CycloneDX 1.6 JSON, checked against its schema."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from deploy.release.errors import ReleaseError
from deploy.release.sbom import Piece
from deploy.release.source import Source

_TYPES = {"image": ComponentType.CONTAINER, "base image": ComponentType.CONTAINER}


def render(source: Source, pieces: Iterable[Piece]) -> str:
    """The bill of a release: the same commit and pieces give the same text."""
    root = Component(
        name="coinlake",
        version=source.version,
        type=ComponentType.APPLICATION,
        bom_ref=f"coinlake@{source.version}",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
        properties=[Property(name="coinlake:commit", value=source.commit)],
    )
    components = [_component(piece) for piece in pieces]
    named = " ".join(f"{part.name}@{part.version}" for part in components)
    bom = Bom(
        components=components,
        serial_number=uuid5(NAMESPACE_URL, f"coinlake {source.commit} {named}"),
    )
    bom.metadata.component = root
    bom.metadata.timestamp = datetime.fromtimestamp(source.committed_s, UTC)
    bom.register_dependency(root, components)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ReleaseError(f"the SBOM is not valid CycloneDX: {fault}")
    return f"{text}\n"


def _component(piece: Piece) -> Component:
    return Component(
        name=piece.name,
        version=piece.version,
        type=_TYPES.get(piece.kind, ComponentType.LIBRARY),
        bom_ref=f"{piece.kind}:{piece.name}@{piece.version}".replace(" ", "-"),
        licenses=[_licence(piece.licence)] if piece.licence else None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in piece.hashes],
        purl=PackageURL.from_string(piece.purl) if piece.purl else None,
        properties=[Property(name=name, value=value) for name, value in piece.properties],
    )


def _licence(expression: str) -> License:
    if expression.startswith("LicenseRef-"):
        return DisjunctiveLicense(name=expression.removeprefix("LicenseRef-"))
    return LicenseFactory().make_from_string(expression)
