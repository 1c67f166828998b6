"""From a network and labelled images to class vectors: the first half of the method, for `evaluate.py` to go on from.

python train.py architecture=bvlc_googlenet architecture.weights=FILE data=image_folder data.root=DIR
python train.py architecture=small_inception architecture.weights=fit data=image_folder data.root=DIR
"""

from classvec.signals import stopping

if __name__ == "__main__":
    with stopping(until_exit=True):  # also while the rest is imported
        from classvec.train import main

        main()
