"""The command line: one function a verb, with the names of the Python interface."""
