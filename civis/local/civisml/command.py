"""How a run's program of CivisML is called, and what it is told: names only, for those who start one.

It loads nothing, so that the platform may look here.
"""

from __future__ import annotations

__all__ = ["MODULE", "PARAMETERS", "THREADS", "command_of", "is_argument"]

MODULE = "civis.local.civisml"
"""The module that is run, with the name of a job as its argument."""

THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Models are trained at once in processes; threads of the linear algebra on top get into each other's way."""

_DATA = "TABLE_NAME DB:database CIVIS_FILE_ID WHERESQL LIMITSQL PRIMARY_KEY IF_EXISTS N_JOBS"
_SOFTWARE = "DEPENDENCIES GIT_CRED:credential_custom DEBUG:bool CIVISML_VERSION"
_RESOURCES = "REQUIRED_CPU REQUIRED_MEMORY REQUIRED_DISK_SPACE"

PARAMETERS = {
    "training": (
        "MODEL TARGET_COLUMN PARAMS CVPARAMS CALIBRATION EXCLUDE_COLS FIT_PARAMS VALIDATION_DATA ETL "
        f"OOSTABLE OOSDB:database {_DATA} {_SOFTWARE} {_RESOURCES}"
    ),
    "prediction": (
        "TRAIN_JOB TRAIN_RUN OUTPUT_TABLE OUTPUT_DB:database MANIFEST CPU MEMORY DISK_SPACE "
        f"DVS_TO_PREDICT {_DATA} {_SOFTWARE} {_RESOURCES}"
    ),
    "registration": (
        "MODEL_FILE_ID TARGET_COLUMN PRIMARY_KEY FEATURE_COLUMNS SKIP_MODEL_CHECK:bool "
        f"{_SOFTWARE} {_RESOURCES}"
    ),
}
"""The parameters of each job, with blanks between; after a colon the type of one that is no text."""

_NAMES = {each for text in PARAMETERS.values() for each in text.split()}
_PLAIN = frozenset(each.partition(":")[0] for each in _NAMES)
#: What the platform adds for a database or a credential.
_FURTHER = frozenset(
    f"{each.partition(':')[0]}_{suffix}"
    for each in _NAMES
    if each.partition(":")[2] not in ("", "bool")
    for suffix in ("ID", "DATABASE", "CREDENTIAL_ID", "USERNAME", "PASSWORD")
)


def command_of(job: str) -> str:
    """Give the line of the shell that runs a job's program.

    Examples
    --------
    >>> command_of("training").partition(" python ")[2]
    '-m civis.local.civisml training'
    """
    variables = " ".join(f"{name}={value}" for name, value in THREADS.items())
    return f"{variables} python -m {MODULE} {job}"


def is_argument(name: str) -> bool:
    """Tell whether a variable of the environment is an argument of a job, which its program alone reads."""
    return name in _PLAIN or name in _FURTHER
