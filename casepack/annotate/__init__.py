"""The lesion as standard DICOM objects, written after de-identification."""
