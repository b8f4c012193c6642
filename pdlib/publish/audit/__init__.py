"""Audit: every criterion for a page that a program can check, measured on the bytes that are shipped."""

from pdlib.publish.audit.measure import Measure
from pdlib.publish.audit.report import audit, written

__all__ = ["Measure", "audit", "written"]
