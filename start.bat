@echo off
rem Sets Pixel Bot up, starts it and opens the dashboard: double-click it, or run "start.bat --demo".
setlocal
cd /d "%~dp0"

if exist .venv\Scripts\python.exe (
  .venv\Scripts\python.exe -c "" >nul 2>&1
  if not errorlevel 1 goto install
)
set "PYTHON="
for %%v in (3.14 3.13 3.12 3.11) do call :try py -%%v
call :try python
if not defined PYTHON (
  echo Pixel Bot needs Python 3.11 or newer. Get it from https://www.python.org/downloads/
  echo and tick "Add python.exe to PATH" there. Then start this again.
  pause
  exit /b 1
)
if exist .venv rmdir /s /q .venv
%PYTHON% -m venv .venv
if errorlevel 1 (
  echo Python's environment could not be made in this folder.
  pause
  exit /b 1
)

:install
fc /b requirements.txt .venv\installed.txt >nul 2>&1
if not errorlevel 1 goto run
echo Installing what the bot needs. The first time this takes a minute or two.
.venv\Scripts\python.exe -m pip install --quiet --disable-pip-version-check -r requirements.txt
if errorlevel 1 (
  echo It could not be installed. Is this PC online? Then start this again.
  pause
  exit /b 1
)
copy /y requirements.txt .venv\installed.txt >nul

:run
.venv\Scripts\python.exe manage.py runbot --open %*
if errorlevel 1 pause
exit /b %errorlevel%

:try
if defined PYTHON exit /b 0
%* -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>&1
if not errorlevel 1 set "PYTHON=%*"
exit /b 0
