"""What programs ask for: records as JSON by the catalogue, the gate and the rights, and the description of it."""
