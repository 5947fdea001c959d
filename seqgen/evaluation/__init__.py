"""What a model is worth, in numbers that carry a signature and stand beside a baseline."""
