"""Labelled images in class order: one class after another, each class known by its synset id."""
