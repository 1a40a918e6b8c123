"""The workbench: one payload of a vendor, and what the connector makes of it, step by step."""
