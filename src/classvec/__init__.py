"""What does a network know, layer by layer, in words?

The words used throughout:

- *class*: what the images are labelled with, keyed by *synset id*, never by name (WordNet has two cranes).
- *synset id*: ``n`` and the offset of a noun synset in WordNet 3.0, such as ``n02084071`` for dog.n.01.
- *image vector*: the activations of chosen layers on one image, one value for each channel and position.
- *class vector*: the mean of the image vectors of a class, then each layer's block divided by its own L2 norm.
- *layer block*: the part of a class vector that belongs to one layer.
- *concept*: a synset above one or more classes in WordNet.
- *extent*: the classes that are a concept or lie below it.
- *label*: the concept that describes a cluster with the best F1. It *stands out* if it is better than chance.
- *chance*: the F1 to expect when the classes are permuted, since the best of many concepts is chosen.

The method: D. Garcia-Gasulla, J. Moreno, R. Ramos-Pollan, R. Barrios, J. Béjar, U. Cortés, E. Ayguadé, J. Labarta and
T. Suzumura, "On the representativeness of convolutional neural networks layers", CCIA 2016: "the paper" below.
"""
