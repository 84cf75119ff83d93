"""A release segments anybody's images."""
