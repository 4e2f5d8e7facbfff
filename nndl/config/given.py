"""An experiment on images that a person has in Python, which no file holds."""

from nndl.config.datasets import held_out
from nndl.config.schema import GIVEN, Data, Experiment
from nndl.config.settle import UnsettledError, settled
from nndl.data.dataset import Dataset
from nndl.errors import UsageError

PLACE = {"dataset": "npz", "root": GIVEN}
"""The data section's words for where such images are; npz is what a run keeps them as."""


def on_images(experiment: Experiment, given: Dataset) -> Experiment:
    """Return the experiment with these images in the place of its own, and what its config says of others.

    Raises UsageError where its network is for others, or they do not fit what the config says.
    """
    check_given(given)
    before = experiment.data
    said = {name: getattr(before, name) for name in before.model_fields_set - {"size", "channels"}}
    if before.held_out == (before.fold_size or held_out(before.training_images, len(before.class_names))):
        said["validation_size"] = "auto"  # which became a number when the config was read
    try:
        data = settled(Data(**said | PLACE), given)
    except UnsettledError as error:
        raise UsageError(f"data.{error.key}: {error}") from None
    if (data.input_shape, len(data.class_names)) != (before.input_shape, len(before.class_names)):
        words = f"the experiment is for images of {_shape(before)}, and these are of {_shape(data)}"
        raise UsageError(f"{words}; load_config(CONFIG, data=...) makes it for them")
    return experiment.model_copy(update={"data": data})


def check_given(given: object) -> None:
    """Raise UsageError for what is no data set, such as an array."""
    if not isinstance(given, Dataset):
        raise UsageError(f"data is a Dataset, which Dataset.from_arrays makes, not {type(given).__name__}")


def _shape(data: Data) -> str:
    return f"{' x '.join(map(str, data.input_shape))} and {len(data.class_names):,} classes"
