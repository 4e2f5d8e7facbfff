"""save and load of the models, as CS231n has them since 2025: a dict of arrays in a .npy file."""

from pathlib import Path

from nndl.data.saved import load_saved, save_arrays
from nndl.linear_classifier import Array

FOLDER = Path("cs231n", "saved")
"""The assignment's folder for them, beside the notebook; without that folder they lie beside the notebook itself."""


class Saved:
    """A model whose `params` can be written to a file and read back."""

    params: dict[str, Array]

    def save(self, fname: str | Path) -> None:
        """Write the parameters to cs231n/saved/FNAME, or FNAME without that folder, for the course's own load too."""
        save_arrays(_place(fname), self.params)
        print(f"{fname} saved.")

    def load(self, fname: str | Path) -> bool:
        """Read the parameters; return False, with a word, where there is no such file.

        Raises nndl.errors.DataError for a file that holds anything but arrays by name: no pickle is run.
        """
        if not _place(fname).is_file():
            print(f"{fname} not available.")
            return False
        self.params = load_saved(_place(fname))
        print(f"{fname} loaded.")
        return True


def _place(fname: str | Path) -> Path:
    """Return the file meant; np.save adds .npy where it is missing."""
    path = Path(fname)
    path = path if path.suffix == ".npy" else path.with_name(path.name + ".npy")
    return FOLDER / path if FOLDER.is_dir() and path.parent == Path() else path
