"""What seqgen costs, measured on the machine at hand: `python -m benchmarks`."""
