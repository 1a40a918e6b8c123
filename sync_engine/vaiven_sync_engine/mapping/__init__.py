"""What a customer decides about an account's data: which streams and fields, which way, whose word counts."""
