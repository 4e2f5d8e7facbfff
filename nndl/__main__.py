"""python -m nndl is the command nndl."""

from nndl.cli.app import app

if __name__ == "__main__":
    app(prog_name="nndl")
