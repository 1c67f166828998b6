"""What does a network know? Clusters its class vectors and names the clusters in WordNet's words.

python evaluate.py
python evaluate.py -m layers=low,mid,top,all
python evaluate.py architecture=bvlc_googlenet architecture.weights=FILE data=image_folder data.root=DIR layers=top

The job itself is in src/classvec/evaluate.py, the stages of the method in src/classvec/pipeline.py.
"""

from classvec.signals import stopping

if __name__ == "__main__":
    with stopping(until_exit=True):  # also while the rest is imported
        from classvec.evaluate import main

        main()
