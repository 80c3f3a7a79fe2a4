"""`among`: a column is one of some names, which travel as one parameter.

An `IN` has as many texts as its list has lengths: each is compiled, prepared and planned anew, and
writing out its parameters takes longer than to look a few rows up. So PostgreSQL is given an
array, and SQLite, which has none, a list in JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    String,
    TypeDecorator,
    bindparam,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class Names(TypeDecorator[Sequence[str]]):
    """Several names in one parameter."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the array where there is one."""
        return dialect.type_descriptor(ARRAY(String()) if _has_arrays(dialect) else String())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """Write the list as the database reads it."""
        names = list(value or ())
        return names if _has_arrays(dialect) else msgspec.json.encode(names).decode()


def _has_arrays(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


class _Among(FunctionElement[bool]):
    """Its clauses are the column and the names."""

    name = "among"
    type = Boolean()
    inherit_cache = True


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **told: Any) -> str:  # noqa: ANN401
    column, names = (compiler.process(clause, **told) for clause in element.clauses)
    return f"{column} = ANY ({names})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **told: Any) -> str:  # noqa: ANN401
    column, names = (compiler.process(clause, **told) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({names}))"  # noqa: S608 - a parameter


def among(column: ColumnElement[Any], names: Sequence[str] | BindParameter[Any]) -> _Among:
    """Whether the column is one of the names, or of those given later to a parameter `some`."""
    if isinstance(names, BindParameter):
        return _Among(column, names)
    return _Among(column, bindparam(None, names, type_=Names(), unique=True))


def some(name: str) -> BindParameter[Any]:
    """Return a parameter for names that are given when the statement is carried out."""
    return bindparam(name, type_=Names())
