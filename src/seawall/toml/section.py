"""One table of a TOML file as a model: its keys, their defaults, and what is wrong with it.

Owns the strictness that all such tables share. Refuses to know what any of them means.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError

from seawall.toml import units
from seawall.toml.positions import KeyPath
from seawall.toml.problems import SHAPES, Problem, from_pydantic


class Section(BaseModel):
    """What all sections share: a key that is not known is an error, and errors never show a value."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, hide_input_in_errors=True
    )


AnySection = TypeVar("AnySection", bound=Section)

Size = Annotated[int, BeforeValidator(units.octets)]
"""Octets, written such as "50 MB"."""
Duration = Annotated[float, BeforeValidator(units.seconds)]
"""Seconds, written such as "5m"."""


def listed(*, least: int = 0) -> Any:
    """TOML has lists and the models have tuples: this lets the one become the other."""
    return Field(strict=False, min_length=least)


TEXT, LIST, TABLE = map(Tag, SHAPES)
"""What each side of a union is in TOML; `shaped` tells them apart."""


def shaped(sentence: str) -> Discriminator:
    """Of a union, take the side that has the value's own shape; say `sentence` where there is none."""
    return Discriminator(_shape, custom_error_type="shape", custom_error_message=sentence)


def _shape(value: object) -> str | None:
    kinds = (str, list | tuple, Mapping)
    return next((shape for shape, kind in zip(SHAPES, kinds, strict=True) if isinstance(value, kind)), None)


def default(written: str) -> Any:
    """A default as a person would write it: it is validated like any other value."""
    return Field(written)


def keys_of(section: type[Section]) -> dict[str, Any]:
    """Return a section's keys as they are written in a file, each with its default."""
    return {field.alias or name: field.default for name, field in section.model_fields.items()}


def read_section(
    model: type[AnySection], written: object, path: KeyPath, *, around: object = None
) -> AnySection | list[Problem]:
    """Return the table `written`, which stands at `path`, as a model, or everything that is wrong with it.

    `around` is what the model's own validators are told (pydantic's context).
    """
    if not isinstance(written, Mapping):
        return [Problem(path=path, sentence="is missing" if written is None else "must be a table")]
    try:
        return model.model_validate(written, context=around)
    except ValidationError as refused:
        errors = refused.errors(include_url=False, include_context=False, include_input=False)
        return from_pydantic(errors, path, tuple(keys_of(model)))
