"""All rows, by the file they stand in."""

from tests.hostile.attack import Attack
from tests.hostile.corpus import (
    bytecode,
    environments,
    errors,
    gaps,
    hijack,
    libraries,
    memory,
    names,
    serialization,
    stack,
)

CORPUS: dict[str, list[Attack]] = {
    "hijack": hijack.ROWS,
    "environments": environments.ROWS,
    "serialization": serialization.ROWS,
    "bytecode": bytecode.ROWS,
    "names": names.ROWS,
    "errors": errors.ROWS,
    "libraries": libraries.ROWS,
    "stack": stack.ROWS,
    "memory": memory.ROWS,
    "gaps": gaps.ROWS,
}
