"""aibild: from image briefs to finished pages."""

__version__ = "0.1.0"
