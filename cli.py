"""Run nndl from a clone without installing it: python cli.py train configs/bn_cnn.yaml"""

import os
import sys

from nndl.cli.app import app

if __name__ == "__main__":
    paths = (sys.path[0], os.environ.get("PYTHONPATH"))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))  # for processes of their own, as workers are
    app()
