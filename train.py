"""From a network and labelled images to class vectors: the first half of the method, for `evaluate.py` to go on from.

python train.py architecture=bvlc_googlenet architecture.weights=FILE data=image_folder data.root=DIR
python train.py architecture=small_inception architecture.weights=fit data=image_folder data.root=DIR
"""

from classvec.train import main

if __name__ == "__main__":
    main()
