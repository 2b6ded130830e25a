"""What a record says of a call, written into a row: request and answer, tokens and cost, and what lies around them."""
