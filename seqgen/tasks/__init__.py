"""What users ask of a model: music in, music out."""
