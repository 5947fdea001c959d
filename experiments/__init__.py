"""Experiments, each made again by one command: `python -m experiments.translation CORPUS ...`."""
