"""``python -m civis``: the command line."""

from civis.cli import main

if __name__ == "__main__":
    main()
