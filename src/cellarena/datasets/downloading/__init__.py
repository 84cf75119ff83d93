"""Archives from outside: fetched, checked, unpacked."""
