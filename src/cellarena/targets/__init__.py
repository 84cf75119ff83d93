"""What a network learns: how labels become targets and predictions become labels again."""
