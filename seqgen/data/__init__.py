"""Data: shards of token windows, made from files and read by training and evaluation."""
