"""The main job on a generated company: three simulated vendors synced both ways and checked record by record."""
