"""What generators that learn share: networks and losses, the conditions that they see, the loop that fits them."""
