"""Fetches, converts and checks the models and demo files of facebus."""
