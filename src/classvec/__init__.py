"""What does a network know, layer by layer, in words?

The words used throughout:

- *class*: what the images are labelled with, keyed by *synset id*, never by name (WordNet has two cranes).
- *synset id*: ``n`` and the offset of a noun synset in WordNet 3.0, such as ``n02084071`` for dog.n.01.
- *image vector*: the activations of chosen layers on one image, one value for each channel and position.
- *class vector*: the mean of the image vectors of a class, then each layer's block divided by its own L2 norm.
- *layer block*: the part of a class vector that belongs to one layer.
- *concept*: a synset above one or more classes in WordNet.
- *extent*: the classes that are a concept or lie below it.

Garcia-Gasulla et al., "A visual embedding for the unsupervised extraction of abstract semantics", 2015-2017, introduced
the method.
"""
