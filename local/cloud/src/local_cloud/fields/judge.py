"""Holds a request against what its service declares; the first field that will not do is named."""

from typing import Any

from local_cloud.errors import AwsError, not_there
from local_cloud.fields import model
from local_cloud.fields.declaration import Fields, Service

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
_NOTHING = Fields()


class Judge:
    """The rules of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def check(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The request without its nulls; AwsError unless it is done here, each field of it."""
        of = self._service.name
        found = model.operation(of, operation)
        if found is None:
            raise AwsError("UnknownOperationException", f"there is no operation {operation}")
        if operation not in self._service.operations:
            raise not_there(of, operation)
        if found.input_shape is not None:
            _Walk(self._service, operation).walk(found.input_shape, request, "")
        if check := self._service.checks.get(operation):
            check(request)
        cleaned: dict[str, Any] = _without_nulls(request)
        return cleaned


class _Walk:
    """One request on its way through the model."""

    def __init__(self, service: Service, operation: str) -> None:
        self._service, self._operation = service, operation

    def walk(self, shape: Any, value: Any, path: str, listed: bool = False) -> None:
        """`listed`: the declaration has the values, so that the model's are not looked at."""
        kind = shape.type_name
        expected = _TYPES.get(kind)
        wrong = expected is not None and not isinstance(value, expected)
        if wrong or (isinstance(value, bool) and kind in ("integer", "long")):
            raise self._wrong(f"{path or 'the request'} must be a {kind}")
        if kind == "structure":
            self._structure(shape, value, path)
        elif kind == "list":
            self._size(shape, len(value), path, "items")
            for number, one in enumerate(value):
                self.walk(shape.member, one, f"{path}[{number}]", listed)
        elif kind == "map":
            self._map(shape, value, path)
        elif kind not in ("timestamp", "blob"):
            self._scalar(shape, value, path, listed)

    def _map(self, shape: Any, value: dict[str, Any], path: str) -> None:
        """A map whose keys are of a known few is judged by them, like a structure."""
        declared = self._service.shapes.get(model.shape_key(shape), _NOTHING)
        known = getattr(shape.key, "enum", None)
        for key, one in value.items():
            where = f"{path}.{key}"
            if known:
                if key not in known:
                    raise self._wrong(f"Unknown parameter: {where}")
                self._judge(declared, key, where, one)
            self.walk(shape.value, one, where)

    def _structure(self, shape: Any, value: dict[str, Any], path: str) -> None:
        declared = self._service.shapes.get(model.shape_key(shape), _NOTHING)
        # A null is a member that is not there.
        given = {name: one for name, one in value.items() if one is not None}
        for name in shape.required_members:
            if name not in given:
                raise self._wrong(f"Missing required parameter: {_dotted(path, name)}")
        for name, one in given.items():
            where = _dotted(path, name)
            if name not in shape.members:
                raise self._wrong(f"Unknown parameter: {where}")
            self._judge(declared, name, where, one)
            if name not in declared.neutral:
                self.walk(shape.members[name], one, where, name in declared.values)

    def _judge(self, declared: Fields, name: str, where: str, value: Any) -> None:
        if name in declared.honoured or name in declared.neutral:
            return
        if name in declared.values:
            known = declared.values[name]
            for one in value if isinstance(value, list) else [value]:
                if one not in known:
                    listed = ", ".join(map(str, known)) or "none"
                    raise self._refused(f"{where} {one!r}", f"known here: {listed}")
            return
        raise self._refused(where, declared.refused.get(name, "nothing here knows what to do"))

    def _scalar(self, shape: Any, value: Any, path: str, listed: bool) -> None:
        if not listed and getattr(shape, "enum", None) and value not in shape.enum:
            raise self._wrong(f"{path} must be one of {', '.join(shape.enum)}, not {value!r}")
        if shape.type_name == "string":
            self._size(shape, len(value), path, "characters")
        elif shape.type_name in ("integer", "long", "float", "double"):
            least, most = shape.metadata.get("min"), shape.metadata.get("max")
            if least is not None and value < least:
                raise self._wrong(f"{path} must be at least {least}, not {value}")
            if most is not None and value > most:
                raise self._wrong(f"{path} must be at most {most}, not {value}")

    def _size(self, shape: Any, size: int, path: str, unit: str) -> None:
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
        if size < least or (most is not None and size > most):
            limits = f"{least} to {most}" if most is not None else f"at least {least}"
            raise self._wrong(f"{path} must have {limits} {unit}")

    def _wrong(self, message: str) -> AwsError:
        return AwsError(self._service.code, f"{self._operation}: {message}", 400)

    def _refused(self, what: str, why: str) -> AwsError:
        return AwsError(
            self._service.code,
            f"{what} of {self._operation} is not there in this local cloud: {why}",
            self._service.status,
        )


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _dotted(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
