"""Readers of watch and platform exports, one module per format."""
