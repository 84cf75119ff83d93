"""How near synthetic images come to real ones: arrays in, numbers out."""
