"""The command line: parse, call one function, draw, map errors to exit codes."""

import gc

# modules, tables and headers live until the program ends: to look through them for garbage at
# every 700 new objects takes a twentieth of a short run
gc.set_threshold(100_000, 20, 20)
