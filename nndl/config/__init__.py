"""From a YAML file to an experiment that can run, or to everything that is wrong with it."""

from nndl.config.load import load_config, parse_config
from nndl.config.schema import Experiment

__all__ = ["Experiment", "load_config", "parse_config"]
