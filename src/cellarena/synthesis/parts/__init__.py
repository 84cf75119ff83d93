"""What generators are made of: crops, conditions, networks, the loop that fits them."""
