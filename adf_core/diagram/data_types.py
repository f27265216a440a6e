"""Which first words of an attribute are data types, rather than the name of a fact such as ``sex male``."""

from __future__ import annotations

FRACTIONAL = frozenset({"float", "double", "decimal", "dec", "numeric", "number", "real", "money"})

_SQL = """
    int integer bigint smallint tinyint mediumint serial bigserial smallserial unsigned year bit
    varchar nvarchar char nchar character clob tinytext mediumtext longtext varchar2 uniqueidentifier rowid
    datetime datetime2 smalldatetime date time timestamp timestamptz timetz interval
    binary varbinary blob bytea jsonb geometry geography inet cidr macaddr
"""
_CODE = """
    int2 int4 int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 long short byte bytes float4 float8 float32 float64
    string str text bool boolean uuid guid id objectid json xml yaml url uri email
    array list set map dict object record struct tuple enum any void null undefined
"""
DATA_TYPES = FRACTIONAL | frozenset(_SQL.split()) | frozenset(_CODE.split())

ADJECTIVES = frozenset({"long", "short", "real", "any", "set", "void", "null", "unsigned", "character"})
"""Data types that are as well what a fact may say: ``hair long``."""


def is_data_type(word: str) -> bool:
    """Whether a word, in any case, is a data type.

    >>> is_data_type("string"), is_data_type("VARCHAR(255)"), is_data_type("int?"), is_data_type("sex")
    (True, True, True, False)
    """
    return base(word) in DATA_TYPES


def is_fractional(word: str) -> bool:
    """Whether a word is a data type of numbers with digits after the point."""
    return base(word) in FRACTIONAL


def base(word: str) -> str:
    """A type without its size, parameters and marks.

    >>> base("Decimal(10,2)"), base("List~int~"), base("int[]?")
    ('decimal', 'list', 'int')
    """
    for mark in "([~?":
        word = word.partition(mark)[0]
    return word.lower()
