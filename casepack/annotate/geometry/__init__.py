"""Planes, outlines and masks in patient coordinates: no DICOM object is made here."""
