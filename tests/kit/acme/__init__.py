"""Acme Letters, as the kit's own tests know it: a good connector, into which defects are planted."""
