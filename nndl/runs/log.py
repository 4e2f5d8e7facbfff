"""log.txt: what a run has to say beside its figures, a line each, with the time. Never a reason for a run to end."""

import traceback
from datetime import datetime

from nndl.runs.files import open_to_append
from nndl.runs.folder import RunFolder
from nndl.visible import visible_lines


def write_log(folder: RunFolder, text: str) -> OSError | None:
    """Append text, further lines indented, control characters visible. Returns why a log is left that cannot be."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    lines = visible_lines(text).rstrip("\n").replace("\n", "\n    ")
    try:
        with open_to_append(folder.log) as file:
            file.write(f"{now}  {lines}\n".encode(errors="replace"))
    except OSError as error:
        return error
    return None


def log_error(folder: RunFolder, error: BaseException) -> None:
    """Append an error with its traceback."""
    write_log(folder, "".join(traceback.format_exception(error)))
