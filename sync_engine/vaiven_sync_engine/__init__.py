"""The two-way engine: pull, resolve, merge, plan and push over one store."""
