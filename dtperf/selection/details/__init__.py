"""What else an event tells of the Drift Tubes: segments, layers, primitives, read on demand."""
