"""From images to class vectors, and the store that keeps them."""
