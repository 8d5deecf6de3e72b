"""The network that finds burned-in text, for de-identification and for its proof alike."""
