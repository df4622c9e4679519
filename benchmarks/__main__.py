"""Lists the scripts, or runs one by its name: the one way to run them.

python -m benchmarks [NAME [OPTION...]]
"""

import ast
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

USAGE = "python -m benchmarks NAME [OPTION...]   (NAME --help lists its options)"


def scripts() -> dict[str, tuple[str, str]]:
    """By name, the module of each script and the first line of its docstring; a script is a file with a ``main``."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*/[!_]*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            about = (ast.get_docstring(tree) or "").partition("\n")[0]
            found[path.stem] = (f"benchmarks.{path.parent.name}.{path.stem}", about)
    return found


def main(arguments: Sequence[str]) -> None:
    """List the scripts, or run the one that is named first.

    Raises:
        SystemExit: 2, no script has the name.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"{USAGE}\n\n" + "\n".join(f"  {name:<24}{about}" for name, (_, about) in scripts().items()))
        return
    name = arguments[0]
    if name not in scripts():
        print(f"benchmarks: error: no script {name!r}: choose from {', '.join(scripts())}.", file=sys.stderr)
        raise SystemExit(2)
    sys.argv[:1] = [f"python -m benchmarks {name}"]  # for the help of the script
    import_module(scripts()[name][0]).main(arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
