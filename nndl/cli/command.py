"""Verbs and groups of them as typer takes them: their help reads the same under each version of typer and click."""

import inspect
from typing import Any, get_type_hints

from typer.core import TyperCommand, TyperGroup

from nndl.cli.screen.ending import heeded

ESCAPED, BRACKET = "\\[", "["
"""An escape for rich, which is not asked, that some versions write before a default; and the bracket meant."""


class Group(TyperGroup):
    """A group of commands."""

    def get_help(self, ctx: Any) -> str:
        """Write the help."""
        return super().get_help(ctx).replace(ESCAPED, BRACKET)


class Verb(TyperCommand):
    """A command that writes its usage and the help of its arguments and options itself.

    Versions of typer and click differ there: RUN, {RUN} or RUN <list[str]>, --file FILE or --FILE FILE, brackets with a
    backslash before them, and together some of them lose what an argument is.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows the command's name: [OPTIONS] RUN [FILE]."""
        arguments = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return ["[OPTIONS]", *(_in_usage(each) for each in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options, each with its help."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                rows[parameter.param_type_name].append(self._row(parameter, *record))
        for kind, found in rows.items():
            if found:
                with formatter.section(f"{kind.capitalize()}s"):
                    formatter.write_dl(found)

    def _row(self, parameter: Any, name: str, words: str) -> tuple[str, str]:
        words = words.replace(ESCAPED, BRACKET)
        if parameter.param_type_name == "option":
            return _options(parameter), words
        said = self._declared(parameter.name)
        return parameter.metavar or name, words if words.startswith(said) else f"{said}  {words}"

    def _declared(self, name: str) -> str:
        """Return the help of an argument as its function declares it."""
        hints = get_type_hints(inspect.unwrap(self.callback), include_extras=True) if self.callback else {}
        infos = getattr(hints.get(name), "__metadata__", ())
        return next((info.help for info in infos if getattr(info, "help", None)), "")


class TrainingVerb(Verb):
    """A command that trains: what asks it to end is heard from its first moment on."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with heeded():
            return super().invoke(ctx)


def _options(option: Any) -> str:
    """Return what is written for an option: -o, --output FILE or --best / --last."""
    names = ", ".join(sorted(option.opts, key=lambda name: name.startswith("--")))
    others = ", ".join(option.secondary_opts)
    given = "" if option.is_flag or not option.metavar else f" {option.metavar}"
    return f"{names} / {others}" if others else f"{names}{given}"


def _in_usage(argument: Any) -> str:
    name = f"{argument.metavar or argument.name.upper()}{'...' if argument.nargs == -1 else ''}"
    return name if argument.required else f"[{name}]"
