"""Accuracy of trained networks on corrupted inputs."""
