"""What you hold: locks, and what they guard. Primitives do not know that they are watched."""
