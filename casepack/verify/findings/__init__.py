"""Kinds of findings: code, severity, section of the standard, advice."""
