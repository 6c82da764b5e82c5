"""`python -m ponte` is `ponte`."""

from ponte.cli import main

if __name__ == "__main__":
    main()
