"""``python -m civis.local.civisml {training,prediction,registration}``: what the templates' scripts run."""

from __future__ import annotations

import sys

from civis.local.civisml.predict_program import predict_rows
from civis.local.civisml.program import run
from civis.local.civisml.register_program import register_model
from civis.local.civisml.train_program import train_model

_PROGRAMS = {"training": train_model, "prediction": predict_rows, "registration": register_model}


def main() -> int:
    """Run the program that the command line names."""
    if len(sys.argv) != 2 or sys.argv[1] not in _PROGRAMS:
        sys.stderr.write(f"usage: python -m civis.local.civisml {{{','.join(_PROGRAMS)}}}\n")
        return 2
    return run(_PROGRAMS[sys.argv[1]])


if __name__ == "__main__":
    sys.exit(main())
