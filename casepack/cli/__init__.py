"""The command line: parse, call one function, draw, map errors to exit codes."""
