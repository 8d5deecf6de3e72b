"""The DICOM file-set of a package and its Directory Records (PS3.10, PS3.3 F)."""
