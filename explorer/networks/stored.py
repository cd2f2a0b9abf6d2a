"""A network's spec to and from JSON."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from explorer.networks.checks import SpecError, as_tuples, check_choice, is_int, shown

if TYPE_CHECKING:
    from explorer.networks.spec import NetworkSpec

_FORMAT = "resnet-explorer network"
_VERSION = 1


class Stored:
    """A frozen dataclass that can be written as JSON and read again: a base of `NetworkSpec`."""

    family: Any

    def to_fields(self) -> dict[str, Any]:
        """The family and every field."""
        return {"family": self.family, **{field.name: getattr(self, field.name) for field in fields(self)}}  # type: ignore[arg-type]

    def to_json(self) -> str:
        return json.dumps({"format": _FORMAT, "version": _VERSION, **self.to_fields()}, indent=2)

    def to_short_json(self) -> str:
        """In one line, without what is the usual value: enough for `from_json`."""
        usual = {field.name: field.default for field in fields(self)}  # type: ignore[arg-type]
        values = self.to_fields()
        return json.dumps({name: value for name, value in values.items() if name == "family" or value != usual[name]})

    @staticmethod
    def from_json(text: str) -> NetworkSpec:
        """Read what `to_json` wrote, whether or not an editor put a byte order mark before it.

        Raises:
            SpecError: not JSON, another format, a newer version, an unknown or missing field, a value that can't be.
        """
        from explorer.networks.catalog import FAMILIES  # which imports every family, and they this module

        try:
            data = json.loads(text.removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise SpecError("This is not a network's JSON file: {reason}.", reason=str(error)) from None
        if not isinstance(data, dict) or data.pop("format", _FORMAT) != _FORMAT:
            raise SpecError("This JSON file does not describe a network; export one from the program to see the form.")
        version = data.pop("version", _VERSION)
        if not is_int(version):
            raise SpecError("The version in the network's JSON file must be the whole number {known}.", known=_VERSION)
        if version != _VERSION:
            raise SpecError(
                "The network's JSON file has version {version}; this program reads version {known}.",
                version=shown(version), known=_VERSION,
            )  # fmt: skip
        if "family" not in data:
            raise SpecError("The network's JSON file lacks the field {field}.", field="family")
        check_choice("family", data["family"], tuple(FAMILIES))
        return FAMILIES[data["family"]].from_fields(data)

    @classmethod
    def from_fields(cls, data: dict[str, Any]) -> NetworkSpec:
        """A spec of this family from the fields of a JSON file, `family` among them; lists become tuples.

        Raises:
            SpecError: an unknown or missing field, a value that can't be.
        """
        own = fields(cls)  # type: ignore[arg-type]
        known = {field.name for field in own}
        data = {name: as_tuples(value) for name, value in data.items() if name in known or name != "family"}
        unknown = sorted(set(data) - known)
        if unknown:
            raise SpecError(
                "The network's JSON file has unknown fields ({unknown}); known are {known}.",
                unknown=shown(", ".join(unknown)), known=", ".join(sorted(known | {"family"})),
            )  # fmt: skip
        for field in own:
            if field.default is MISSING and field.name not in data:
                raise SpecError("The network's JSON file lacks the field {field}.", field=field.name)
        try:
            return cast("NetworkSpec", cls(**data))
        except TypeError:  # of a value of a kind that no check foresaw
            raise SpecError("The network's JSON file has a field of the wrong kind.") from None

    @classmethod
    def load(cls, path: Path) -> NetworkSpec:
        """Read a spec's JSON file; raises SpecError where it can't be read."""
        reason: object
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            reason = error.strerror or error
        except UnicodeDecodeError:
            reason = "it is no text in UTF-8"
        else:
            return cls.from_json(text)
        raise SpecError("{path} can't be read as a network's JSON file: {reason}.", path=path, reason=reason)
