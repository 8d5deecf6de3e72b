"""Metadata for a DOI: DataCite, InvenioRDM and CITATION.cff; what is missing; registration."""
