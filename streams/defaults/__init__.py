"""What ships with the program: an example source registry and the demo's story."""
