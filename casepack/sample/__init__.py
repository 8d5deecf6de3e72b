"""The synthetic sample case: pictures of one phantom, headers, planted identifiers."""

from casepack.sample.write import write_sample

__all__ = ["write_sample"]
