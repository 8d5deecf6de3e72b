"""Tables of the DICOM standard as data, with typed readers; editions are in README.md."""
