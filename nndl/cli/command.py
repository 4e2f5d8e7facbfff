"""The verb as typer knows it: a command whose help calls its arguments by their words."""

from typing import Any

from typer.core import TyperCommand


class Verb(TyperCommand):
    """A command whose help says RUN, where some versions of typer add what Python takes it for: RUN <list[str]>."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options, each with its help."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                rows[parameter.param_type_name].append((record[0].partition(" <")[0], record[1]))
        for kind, found in rows.items():
            if found:
                with formatter.section(f"{kind.capitalize()}s"):
                    formatter.write_dl(found)
