"""The command that writes the files of this folder."""

from civis.resources._stubs.command import main

main()
