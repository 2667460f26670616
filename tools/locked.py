#!/usr/bin/env python3
"""Runs sealock out of this checkout, with the packages of runtime.lock. The Action and the hook start it.

Each package is installed as a wheel, by its hash, and nothing else is: no package of this name from elsewhere, no
dependency that the lock does not name, no build. The environment is made once, below .locked/ in this checkout.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCK = os.path.join(ROOT, "runtime.lock")
# Python before 3.11 has to get as far as the message below, so nothing here is newer than 3.6.


def environment() -> str:
    """Return the directory of the environment, which is made where there is none for this lock and this Python."""
    with open(LOCK, "rb") as file:
        key = hashlib.sha256(file.read() + sys.version.encode() + sys.executable.encode()).hexdigest()[:16]
    directory = os.path.join(ROOT, ".locked", key)
    if not os.path.isdir(directory):
        os.makedirs(os.path.dirname(directory), exist_ok=True)
        making = tempfile.mkdtemp(dir=os.path.dirname(directory))
        try:
            make(making)
            # Whoever comes first wins; both are equal.
            os.rename(making, directory)
        except OSError:
            if not os.path.isdir(directory):
                raise
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return directory


def make(directory: str) -> None:
    """Make an environment with the packages of the lock, in which this checkout is importable."""
    run([sys.executable, "-I", "-m", "venv", directory], "on Debian and Ubuntu: apt-get install python3-venv")
    words = ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
    words += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", LOCK]
    run([python(directory), *words], "the packages of runtime.lock could not be installed")
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    place = subprocess.check_output([python(directory), "-I", "-c", script], universal_newlines=True).strip()
    with open(os.path.join(place, "sealock.pth"), "w", encoding="utf-8") as file:
        file.write(os.path.join(ROOT, "src") + "\n")


def run(words: "list[str]", advice: str) -> None:
    """Run a program; its output goes to standard error, since standard output is sealock's."""
    if subprocess.call(words, stdout=sys.stderr):
        sys.exit("sealock: " + advice)


def python(directory: str) -> str:
    """The Python of an environment."""
    return (
        os.path.join(directory, "Scripts", "python.exe") if os.name == "nt" else os.path.join(directory, "bin/python")
    )


def main() -> None:
    """Make the environment if needed, and become sealock; status 2 where that cannot be."""
    if sys.version_info < (3, 11):
        sys.stderr.write("sealock needs Python 3.11 or newer, and this is " + sys.version.split()[0] + "\n")
        sys.exit(2)
    try:
        directory = environment()
    except SystemExit as error:
        sys.stderr.write(str(error) + "\n")
        sys.exit(2)
    # -I: a module in the directory that is checked must never be imported.
    words = [python(directory), "-I", "-m", "sealock", *sys.argv[1:]]
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
