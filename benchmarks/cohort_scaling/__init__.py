"""What a cohort costs: time and memory in participants, what a second process gives, and whether the bytes stay."""
