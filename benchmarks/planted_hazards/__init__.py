"""Plants hazard ratios in simulated cohorts and counts how often tables of exposures bring them back."""
