"""Results -> figures: what stands where is decided here, how it looks in `style` alone."""
