"""Burned-in text: told from the header, found in the pixels, covered, and looked for again."""
