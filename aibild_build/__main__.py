"""`python -m aibild_build`."""

from .cli import main

if __name__ == "__main__":
    main()
