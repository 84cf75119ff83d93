"""Error analysis: what became of every annotated and every predicted object, and what each kind of error costs."""
