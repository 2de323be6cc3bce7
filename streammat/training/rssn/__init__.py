"""GFM's RSSN route: the decisions of a sample, and batches made by the kernels."""
