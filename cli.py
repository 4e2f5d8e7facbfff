"""Run nndl from a clone without installing it: python cli.py train configs/bn_cnn.yaml"""

from nndl.cli.app import app

if __name__ == "__main__":
    app()
