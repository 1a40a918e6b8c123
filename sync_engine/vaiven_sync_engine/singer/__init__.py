"""Singer taps from elsewhere as connections: installed apart, run as processes, mapped to the unified model."""
