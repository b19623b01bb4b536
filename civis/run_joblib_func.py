"""The program that a container runs to do calls of `civis.parallel`: ``civis_joblib_worker [FILE_ID]``."""

from __future__ import annotations

import sys

from civis.parallel._worker import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
