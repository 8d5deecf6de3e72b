"""The case in the words of others: Markdown, README, Eurorad text, MIRC, JATS, BibTeX."""
