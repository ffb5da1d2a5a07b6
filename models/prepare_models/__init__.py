"""Fetches, converts and checks the models and demo files that facebus needs."""
