"""Networks: what they are made of, the weights they carry, the input they want, the names of their layers."""
