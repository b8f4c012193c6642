"""Notebooks into leaders' pages: the exporter, the scheduled build, the shelf of reports."""
