"""What `make bench` measures: the product's own code against baselines, in interleaved rounds."""
