"""A shop on seven tools: one person per human, spend and revenue that add up, a score that goes back to the tools."""
