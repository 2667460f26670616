"""`python -m sealock`."""

from sealock.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
