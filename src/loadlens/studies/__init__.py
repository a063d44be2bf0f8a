"""Many participants: the parts of `loadlens.cohort`, from folders of exports to tables for injury epidemiology."""
