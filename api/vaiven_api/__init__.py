"""The platform's outside: command line, demo and, later, HTTP API."""
