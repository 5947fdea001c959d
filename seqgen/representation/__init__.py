"""Notes to tokens and back."""
