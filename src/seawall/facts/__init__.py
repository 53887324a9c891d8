"""A mail's bytes become facts: total, never raises; what is odd is recorded as a defect."""
