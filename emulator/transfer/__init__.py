"""Transfer Family control plane: api -> operations -> model, store -> errors."""
