"""Grading a class's homework, and making the assignment."""
