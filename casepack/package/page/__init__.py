"""The page of a case: text, viewer, outlines and measurements in one file."""
