"""The laws of two-way sync on the real engine: two to four tools, under all that happens to them."""
