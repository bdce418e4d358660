#!/bin/sh
# Sets Pixel Bot up, starts it and opens the dashboard. What follows the name goes to the bot: ./start.sh --demo
set -eu
cd "$(dirname "$0")"

find_python() {
  for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"
      return 0
    fi
  done
  return 1
}

# An environment whose Python is gone, as after an update of the system, is made anew.
if ! .venv/bin/python -c '' 2>/dev/null; then
  if ! python=$(find_python); then
    echo "Pixel Bot needs Python 3.11 or newer. Get it from https://www.python.org/downloads/ (on Debian and Ubuntu:" >&2
    echo "sudo apt install python3 python3-venv), then start this again." >&2
    exit 1
  fi
  rm -rf .venv
  if ! "$python" -m venv .venv; then
    rm -rf .venv
    echo "Python's environment could not be made. On Debian and Ubuntu: sudo apt install python3-venv" >&2
    exit 1
  fi
fi
if ! cmp -s requirements.txt .venv/installed.txt; then
  echo "Installing what the bot needs. The first time this takes a minute or two."
  if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt; then
    echo "It could not be installed. Is this PC online? Then start this again." >&2
    exit 1
  fi
  cp requirements.txt .venv/installed.txt
fi
exec .venv/bin/python manage.py runbot --open "$@"
