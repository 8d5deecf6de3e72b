"""Frames as pictures: which are shown, on which planes, in which grey; previews and figures."""
