"""Images in folders, one folder for each class."""

from collections.abc import Sequence
from pathlib import Path

from classvec.data.choice import Choice
from classvec.data.class_ids import Resolve, by_synset, ids_only, synset_ids
from classvec.data.image_files import ImageFiles, existing_root, folders_in, images_of_class
from classvec.errors import InputError


class ImageFolder(ImageFiles):
    """A folder with one folder for each class, such as ``n02084071/anything.jpg`` or ``dog.n.01/anything.jpg``.

    Args:
        root: The folder.
        name: Name of the data set, for people; by default that of the folder.
        mapping: CSV or JSON file that says which synset each folder stands for (see `class_ids`); None where the
            folders are named by synset ids or names.
        on_same_synset: ``error`` if two folders must not stand for one synset, ``merge`` to make one class of them.
        classes: Classes to use, by synset id, synset name or folder; None for all.
        images_per_class: At most that many images of each class; None for all.
        images_seed: None for the first images by name; a seed to draw them at random.
        on_error: ``error`` if a broken image stops the run, ``skip`` to leave it out, with a word.
        resolve: Turns a synset's name into its id, such as `classvec.ontology.wordnet.find`.

    Raises:
        FileNotFoundError: If the folder is missing.
        InputError: If a folder stands for no synset or for that of another, or has no image, or there are fewer than
            two classes.
    """

    def __init__(
        self,
        root: str | Path,
        name: str | None = None,
        *,
        mapping: str | Path | None = None,
        on_same_synset: str = "error",
        classes: Sequence[str] | None = None,
        images_per_class: int | None = None,
        images_seed: int | None = None,
        on_error: str = "error",
        resolve: Resolve = ids_only,
    ) -> None:
        choice = Choice(classes=classes, images_per_class=images_per_class, images_seed=images_seed, on_error=on_error)
        folder = existing_root(root)
        folders = folders_in(folder)
        if len(folders) < 2:
            raise InputError(f"{folder} holds {len(folders)} class folders; there must be two at least to compare")
        ids = choice.of_classes(synset_ids(folders, folder, mapping=mapping, resolve=resolve), resolve)
        files = {
            synset: [f"{member}/{image}" for member in members for image in images_of_class(folder / member)]
            for synset, members in by_synset(ids, on_same_synset).items()
        }
        super().__init__(folder, name or folder.resolve().name, files, choice)
