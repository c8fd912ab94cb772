"""YAML that hides nothing: a key given twice is an error, `1e-3` is a number, errors have lines."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from trainables.errors import UserError

_FLOAT = re.compile(
    r"""^[-+]?(?:\d+(?:_\d+)*)(?:\.\d*)?(?:[eE][-+]?\d+)$
       |^[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]?\d+)?$
       |^[-+]?\.\d[\d_]*(?:[eE][-+]?\d+)?$
       |^[-+]?\.(?:inf|Inf|INF)$
       |^\.(?:nan|NaN|NAN)$""",
    re.VERBOSE,
)
_FLOAT_TAG = "tag:yaml.org,2002:float"


class _StrictLoader(yaml.SafeLoader):
    """The safe loader, which refuses a mapping that names a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a word", key_node.start_mark
                )
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key_node.value!r} is given twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 reads `1e-3` as text and `1:30` as a number in base sixty; both surprise.
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _FLOAT_TAG]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(_FLOAT_TAG, _FLOAT, list("-+0123456789."))


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        UserError: it is not there, cannot be read, or is not UTF-8 text.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not text in UTF-8: it holds byte {error.start}.") from error
    if "\0" in text:
        raise UserError(f"{path} is not text: it holds a zero byte.")
    return text


def parse_yaml(text: str, source: str) -> Any:
    """Parse YAML.

    Args:
        text: what to parse.
        source: what errors call it: a file, or an option of the command line.

    Raises:
        UserError: it is not YAML, or names a key twice; with the line.
    """
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{source}{where}: {error.problem or 'not valid YAML'}.") from error
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not valid YAML: {str(error).splitlines()[0]}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source}: not valid YAML: {error}.") from error
