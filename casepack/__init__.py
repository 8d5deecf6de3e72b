"""casepack: from an identified DICOM study to a publishable case."""

__version__ = "0.1.0"
