"""How far predicted probabilities can be trusted: of pixels and of objects, before and after temperature scaling."""
