"""Commands that are no stage of the pipeline: releases, reviews, segmentation, upkeep."""
