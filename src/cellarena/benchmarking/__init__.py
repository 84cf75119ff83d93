"""The rows of the benchmark: scored, analysed and judged in one pass over the images, then compared."""
