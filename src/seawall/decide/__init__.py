"""Facts and policy become verdicts: pure functions, each answer with a reason."""
