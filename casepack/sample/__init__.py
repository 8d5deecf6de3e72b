"""The synthetic sample case: pictures of one phantom, headers, planted identifiers."""
