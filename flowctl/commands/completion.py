"""`flowctl completion`: let the shell complete what is typed."""

import inspect
import re
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Annotated, Literal

from flowctl import commands
from flowctl.language.library import Library
from flowctl.signature.arguments import fill
from flowctl.telling.records import RECORDS, WORDS


def completion(shell: Annotated[Literal["bash", "zsh", "fish"], "the shell you type in"]) -> None:
    """Write what lets a shell complete commands, options, nodes and files.

    bash: flowctl completion bash > ~/.local/share/bash-completion/completions/flowctl
    zsh:  flowctl completion zsh > a folder of your $fpath, as _flowctl
    fish: flowctl completion fish > ~/.config/fish/completions/flowctl.fish

    Example: flowctl completion bash > flowctl.bash
    """
    import shtab  # only here: whoever runs a flow needs no memory for it

    text = shtab.complete(_parser(shtab.FILE), shell)
    if shell == "zsh":  # `(*)` says that nothing may follow: not what is meant by several files
        text = re.sub(r'^  "\(\*\)::?', '  "*:', text, flags=re.M)
    sys.stdout.write(text + "\n")


def _parser(files: object) -> ArgumentParser:
    """Put the parsers of all commands into one."""
    whole = ArgumentParser(prog="flowctl")
    whole.add_argument("--version", action="version", help="say which version this is")
    under = whole.add_subparsers()
    for name in commands.known():
        function = commands.command(name)
        about = (inspect.getdoc(function) or "").partition("\n")[0]
        parser = under.add_parser(name, description=about, help=about)
        fill(parser, function)
        for action in parser._actions:
            if action.type is Path:
                action.complete = files  # type: ignore[attr-defined] # read by shtab
            if (name, action.dest) == ("nodes", "name"):
                action.choices = [*Library.beside(None).names(), *RECORDS, *WORDS]
    return whole
