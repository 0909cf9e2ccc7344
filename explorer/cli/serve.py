"""`explorer serve`: start the app."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from explorer.errors import ExplorerError


def serve(
    port: Annotated[int, typer.Option(help="Port of the app.", min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 opens the app to others.")
    ] = "localhost",
) -> None:
    """Start the app in the browser."""
    from explorer.pipeline import APP_FILE

    if not APP_FILE.exists():
        raise ExplorerError(
            f"The app needs app.py in {APP_FILE.parent}, it is not there. "
            "Clone the repository or install the package again."
        )
    command = [sys.executable, "-m", "streamlit", "run", str(APP_FILE)]
    command += ["--server.port", str(port), "--server.address", address]
    # Streamlit looks for its settings in the working directory.
    os.chdir(APP_FILE.parent)
    if os.name == "posix":
        # The server takes the place of this process, so that signals reach it.
        os.execv(command[0], command)
    raise typer.Exit(subprocess.call(command))
