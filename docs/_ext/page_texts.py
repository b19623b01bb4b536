"""The texts of the generated pages: the resources, the commands, the renamed methods. Knows no Sphinx."""

from __future__ import annotations

from civis._spec import Api
from civis.cli.own_commands import AT_ROOT, IN_RESOURCES, RESOURCE_HELP, OwnCommand

__all__ = ["pages"]

_MARK = ".. Written by docs/_ext/page_texts.py at each build; change that, not this.\n\n"


def pages(api: Api) -> dict[str, str]:
    """Give the generated pages by their paths below ``docs/generated``.

    Parameters
    ----------
    api : Api
        The description whose resources get pages.

    Returns
    -------
    dict
        From paths to reStructuredText.
    """
    found = {f"operations/{name}.rst": _resource(api, name) for name in api.resources}
    found["operations/index.rst"] = _index(api)
    found["commands.rst"] = _commands()
    found["renamed.rst"] = _renamed(api)
    return found


def _title(text: str, mark: str = "=") -> str:
    """Write a title."""
    return f"{text}\n{mark * len(text)}\n\n"


def _resource(api: Api, name: str) -> str:
    """Write the page of a resource; the directive does the rest."""
    text = _MARK + _title(name)
    about = RESOURCE_HELP.get(name, "")
    count = len(api.resources[name].operations)
    text += f"{about} ``client.{name}`` has {count} {'method' if count == 1 else 'methods'}.\n\n"
    return f"{text}.. civis-resource:: {name}\n"


def _index(api: Api) -> str:
    """Write the list of the resources."""
    text = _MARK + _title("Resources and operations")
    count = sum(1 for _ in api.operations())
    text += (
        f"The API has {len(api.resources)} resources and {count} operations with methods. The pages are made "
        "of the description that comes with the package (``civis.resources.API_SPEC_PATH``); your platform "
        "may offer others, and ``help(client.jobs.get)`` shows what it says. In the examples, ``client`` is "
        "a ``civis.APIClient()``; how the command line calls an operation is told in :doc:`/cli`.\n\n"
    )
    rows = "".join(
        f"   * - :doc:`{name}`\n     - {RESOURCE_HELP.get(name, '')}\n     - {len(resource.operations)}\n"
        for name, resource in sorted(api.resources.items())
    )
    text += (
        ".. list-table::\n   :header-rows: 1\n   :widths: 25 60 15\n\n"
        f"   * - resource\n     - what it is about\n     - methods\n{rows}\n"
    )
    names = "".join(f"   {name}\n" for name in sorted(api.resources))
    return f"{text}.. toctree::\n   :hidden:\n\n{names}"


def _commands() -> str:
    """Write the reference of the commands that are not operations."""
    text = _MARK + _title("Command line reference")
    text += (
        "Every operation is a command too: ``civis RESOURCE METHOD``, see :doc:`/cli` and the pages of "
        ":doc:`operations/index`. These are the options of all, and the commands beside the operations.\n\n"
    )
    text += ".. click:: civis.cli.root:root\n   :prog: civis\n   :nested: none\n\n"
    for name, own in AT_ROOT.items():
        text += _command(f"civis {name}", own)
    for resource, commands in IN_RESOURCES.items():
        for name, own in commands.items():
            text += _command(f"civis {resource.replace('_', '-')} {name}", own)
    return text


def _renamed(api: Api) -> str:
    """Write the list of the methods that have another name now."""
    text = ":orphan:\n\n" + _MARK + _title("Renamed methods")
    text += "The older names still work, with a ``FutureWarning``; see :doc:`/migrating`.\n\n"
    text += ".. list-table::\n   :header-rows: 1\n\n   * - older\n     - now\n"
    for resource in api.resources.values():
        for older, now in resource.older_names.items():
            text += f"   * - ``client.{resource.name}.{older}``\n     - ``client.{resource.name}.{now}``\n"
    return text


def _command(words: str, own: OwnCommand) -> str:
    """Write what has `sphinx-click` describe a command and those below it."""
    return f".. click:: {own.place}\n   :prog: {words}\n   :nested: full\n\n"
