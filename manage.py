#!/usr/bin/env python
"""Django's command line. Mistakes in the configuration end it with sentences instead of a traceback."""

from __future__ import annotations

import gc
import io
import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelbot_site.settings")
    if "--demo" in sys.argv:
        # The demo has its own data folder, and settings are read before a command parses its options.
        os.environ["PIXELBOT_DEMO"] = "1"

    if isinstance(sys.stdout, io.TextIOWrapper):
        # Output that goes to a file or a pipe has the system's encoding, on Windows often one of 256 characters.
        sys.stdout.reconfigure(errors="backslashreplace")

    if "runbot" in sys.argv[1:2]:
        gc.disable()  # until `interpreter.settle`

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Pixel Bot can't start. {error}")
    except DatabaseError as error:
        from pixelbot_site.upkeep import data_folder

        sys.exit(data_folder.of_database(error))


if __name__ == "__main__":
    main()
