"""``civis completion``: what makes a shell complete commands."""

from __future__ import annotations

import click

__all__ = ["completion"]

_VARIABLE = "_CIVIS_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a SHELL complete commands, options and values.

    \b
    bash:  eval "$(civis completion bash)"                  in ~/.bashrc
    zsh:   eval "$(civis completion zsh)"                   in ~/.zshrc
    fish:  civis completion fish > ~/.config/fish/completions/civis.fish
    """  # noqa: D301 - click's mark for lines that stay as they are
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only here

    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(context.find_root().command, {}, "civis", _VARIABLE)
    # Not `source`, which starts a bash to ask for its version; what it prints is the same.
    click.echo(made.source_template % made.source_vars())
