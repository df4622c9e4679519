"""The one entry to the benchmarks: lists them, or runs one by its name.

python -m benchmarks [NAME [OPTION...]]
"""

import ast
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

USAGE = "python -m benchmarks NAME [OPTION...]   (NAME --help lists its options)"


def scripts() -> dict[str, tuple[str, str]]:
    """By name, each script's module and what it measures; files without a command line are parts of others."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*/[!_]*.py")):
        text = path.read_text(encoding="utf-8")
        if '__name__ == "__main__"' in text:
            about = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
            found[path.stem] = (f"benchmarks.{path.parent.name}.{path.stem}", about)
    return found


def main(arguments: Sequence[str]) -> None:
    """List the scripts, or run the one that is named first.

    Raises:
        SystemExit: 2, where there is no such script.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"{USAGE}\n\n" + "\n".join(f"  {name:<24}{about}" for name, (_, about) in scripts().items()))
        return
    name = arguments[0]
    if name not in scripts():
        print(f"benchmarks: error: no script {name!r}: choose from {', '.join(scripts())}.", file=sys.stderr)
        raise SystemExit(2)
    sys.argv = [f"python -m benchmarks {name}", *arguments[1:]]
    runpy.run_module(scripts()[name][0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
