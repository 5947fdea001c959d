"""Training: schedules, the loop, checkpoints."""
