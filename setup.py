"""The one step of the build that ``pyproject.toml`` cannot say: the types of all operations are generated."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithTypes(build_py):
    """Writes ``civis/resources/types/*.pyi`` from the description that ships, before files are gathered."""

    def run(self) -> None:
        """Write the types, then do what the step does."""
        sys.path.insert(0, str(ROOT))
        try:
            # Not before: the package is in the way of nothing else that setuptools is asked for.
            from civis.resources import API_SPEC_PATH, read_local_spec  # noqa: PLC0415
            from civis.resources._stubs import FOLDER, render, write_files  # noqa: PLC0415
        finally:
            sys.path.remove(str(ROOT))
        write_files(render(read_local_spec(API_SPEC_PATH)), FOLDER)
        super().run()


setup(cmdclass={"build_py": BuildWithTypes})
