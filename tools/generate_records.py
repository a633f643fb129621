"""Write `core/records.py` and `native/src/records.gen.hpp` from `core/schema.py`.

`python tools/generate_records.py` writes both; `--check` exits 1 when a file on disk is not what
would be written.
"""

import argparse
import sys
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from openoutcry.core import enums, limits, schema  # noqa: E402 - the path comes first

SIZES = {"u1": 1, "u2": 2, "u4": 4, "u8": 8, "i4": 4, "i8": 8}
STRUCT_CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i4": "i", "i8": "q"}
CPP_TYPES = {
    "u1": "std::uint8_t",
    "u2": "std::uint16_t",
    "u4": "std::uint32_t",
    "u8": "std::uint64_t",
    "i4": "std::int32_t",
    "i8": "std::int64_t",
}
Record = tuple[str, IntEnum, list[tuple[str, str]], str]


def size_of(code: str) -> int:
    """Return the bytes of a field."""
    return int(code[1:]) if code[0] == "S" else SIZES[code]


def records() -> list[Record]:
    """Return (class name, kind, fields, family) of every record, checked for alignment."""
    families: Iterable[tuple[str, str, dict[str, tuple[IntEnum, str]]]] = (
        ("COMMANDS", schema.COMMAND_HEADER, schema.COMMANDS),  # type: ignore[arg-type]
        ("LINKS", schema.LINK_HEADER, schema.LINKS),
        ("EVENTS", schema.EVENT_HEADER, schema.EVENTS),
        ("ROWS", schema.ROW_HEADER, schema.ROWS),
    )
    result: list[Record] = []
    for family, header, table in families:
        for name, (kind, body) in table.items():
            full = f"{name}Link" if family == "LINKS" else name
            fields = schema.parse_fields(f"{header} {body}")
            names = [field for field, _ in fields]
            if len(set(names)) != len(names):
                raise ValueError(f"{name} names a field twice: {names}")
            offset = 0
            for field, code in fields:
                if code[0] != "S" and offset % size_of(code):
                    raise ValueError(f"{name}.{field} is not aligned: offset {offset}")
                offset += size_of(code)
            if offset % 8:
                raise ValueError(f"{name} takes {offset} bytes, not a multiple of eight")
            result.append((full, kind, fields, family))
    return result


def total(fields: list[tuple[str, str]]) -> int:
    """Return the bytes of a record."""
    return sum(size_of(code) for _, code in fields)


def python_module() -> str:
    """Return the text of `core/records.py`."""
    lines = [
        '"""Typed records, made by `tools/generate_records.py` from `core/schema.py`."""',
        "",
        "import struct",
        "from typing import ClassVar, NamedTuple, Self",
        "",
        "import numpy as np",
        "",
        "",
    ]
    tables: dict[str, list[tuple[int, str]]] = {}
    for name, kind, fields, family in records():
        visible = [(field, code) for field, code in fields if not field.startswith("_pad")]
        fmt = "<" + "".join(
            f"{size_of(code)}x"
            if field.startswith("_pad")
            else (f"{code[1:]}s" if code[0] == "S" else STRUCT_CODES[code])
            for field, code in fields
        )
        size = total(fields)
        tables.setdefault(family, []).append((int(kind), name))
        lines += [f"class _{name}(NamedTuple):", f'    """Fields of `{name}`."""', ""]
        for field, code in visible:
            default: str
            if field == "size":
                default = str(size)
            elif field == "kind":
                default = str(int(kind))
            elif field == "version":
                default = "1"
            else:
                default = 'b""' if code[0] == "S" else "0"
            # No record uses tuple.index, whose name the field takes.
            ignore = "  # type: ignore[assignment]" if field == "index" else ""
            lines.append(f"    {field}: {'bytes' if code[0] == 'S' else 'int'} = {default}{ignore}")
        dtype = ", ".join(f'("{field}", "<{code}")' for field, code in fields)
        lines += [
            "",
            "",
            f"class {name}(_{name}):",
            f'    """{size} bytes; kind {int(kind)} of {family.lower()}."""',
            "",
            "    __slots__ = ()",
            f"    KIND: ClassVar[int] = {int(kind)}",
            f"    SIZE: ClassVar[int] = {size}",
            f'    STRUCT: ClassVar[struct.Struct] = struct.Struct("{fmt}")',
            f"    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([{dtype}])",
            "",
            "    def pack(self) -> bytes:",
            '        """Return the bytes of this record."""',
            "        return self.STRUCT.pack(*self)",
            "",
            "    @classmethod",
            "    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:",
            '        """Read a record at an offset; text fields keep their padding zeros."""',
            "        return cls._make(cls.STRUCT.unpack_from(buffer, offset))",
            "",
            "",
        ]
    for family, members in tables.items():
        union = {
            "COMMANDS": "Command",
            "LINKS": "Link",
            "EVENTS": "Event",
            "ROWS": "Row",
        }[family]
        lines.append(f"{union} = (")
        lines += [f"    {'' if i == 0 else '| '}{name}" for i, (_, name) in enumerate(members)]
        lines += [")", ""]
        lines.append(f"{family}: dict[int, type[{union}]] = {{")
        lines += [f"    {kind}: {name}," for kind, name in members]
        lines += ["}", ""]
    return "\n".join(lines).rstrip() + "\n"


def cpp_header() -> str:
    """Return the text of `records.gen.hpp`."""
    lines = [
        "// Made by tools/generate_records.py from schema.py, enums.py and limits.py of core.",
        "// Do not edit: change the table and run the tool.",
        "#pragma once",
        "#include <cstddef>",
        "#include <cstdint>",
        "",
        "namespace outcry {",
        "",
    ]
    for name, value in vars(enums).items():
        if (
            isinstance(value, type)
            and issubclass(value, int)
            and value.__module__ == enums.__name__
        ):
            wide = name in {"Reason", "OrderFlag", "AccountFlag"}
            kind = (
                "std::uint32_t"
                if name == "MarketFlag"
                else ("std::uint16_t" if wide else "std::uint8_t")
            )
            lines.append(f"enum class {name} : {kind} {{")
            lines += [f"  {member.name} = {int(member)}," for member in value]  # type: ignore[attr-defined]
            lines += ["};", ""]
    for name, value in vars(limits).items():
        if name.isupper() and isinstance(value, int):
            lines.append(f"inline constexpr std::int64_t {name} = {value}LL;")
    lines.append("")
    for name, kind, fields, family in records():
        lines.append(f"struct {name} {{")
        lines.append(f"  static constexpr std::uint8_t KIND = {int(kind)};")
        lines.append(f"  static constexpr std::uint16_t SIZE = {total(fields)};")
        for field, code in fields:
            if code[0] == "S":
                lines.append(f"  char {field}[{code[1:]}];")
            else:
                lines.append(f"  {CPP_TYPES[code]} {field};")
        lines.append("};")
        lines.append(f"static_assert(sizeof({name}) == {total(fields)});")
        offset = 0
        for field, code in fields:
            lines.append(f"static_assert(offsetof({name}, {field}) == {offset});")
            offset += size_of(code)
        lines.append(f"// {family.lower()}")
        lines.append("")
    lines.append("}  // namespace outcry")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or check both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    check = parser.parse_args().check
    stale = 0
    for path, text in (
        (ROOT / "src/openoutcry/core/records.py", python_module()),
        (ROOT / "native/src/records.gen.hpp", cpp_header()),
    ):
        if check:
            if not path.exists() or path.read_text() != text:
                sys.stderr.write(
                    f"{path.relative_to(ROOT)} is stale: run tools/generate_records.py\n"
                )
                stale = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return stale


if __name__ == "__main__":
    sys.exit(main())
