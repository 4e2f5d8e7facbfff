"""TensorBoard: event files in the run's folder, for `tensorboard --logdir runs`."""

from collections.abc import Mapping

from nndl.runs.files import own_folder
from nndl.runs.loggers.logger import About


class TensorBoard:
    """Writes by tensorboardX, which needs neither TensorFlow nor PyTorch."""

    def __init__(self, about: About) -> None:
        from tensorboardX import SummaryWriter

        # What a run that was killed wrote beyond its state is about to come again: TensorBoard is told to forget it.
        purge = about.step + 1 if about.step else None
        folder = own_folder(about.folder.path / "tensorboard")
        suffix = f".{about.step:09}"  # files of one second differ by it
        self._writer = SummaryWriter(str(folder), purge_step=purge, filename_suffix=suffix)
        self._last = self.logged = about.step
        if not about.step:
            text = "".join(f"    {key}: {value}\n" for key, value in about.config.items())  # indented: shown as it is
            self._writer.add_text("config", text, 0)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._last = step

    def finish(self, status: str, values: Mapping[str, float]) -> None:
        self.log(self._last, values)
        self._writer.add_text("status", status, self._last)
        self._writer.close()
