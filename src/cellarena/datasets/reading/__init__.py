"""From files that somebody else made to arrays, each file checked before it is used."""
