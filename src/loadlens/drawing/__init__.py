"""Figures and what they are drawn of; each takes and returns axes, and computes nothing."""
