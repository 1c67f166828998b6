"""Images in folders, one folder for each class."""

from classvec.data.choice import chosen_classes
from classvec.data.class_ids import by_synset, id_in_front, ids_only, own_names, synset_ids
from classvec.data.folders import class_folders, existing_root, images_of_class, refuse_parts
from classvec.data.image_files import ImageFiles
from classvec.errors import InputError
from classvec.ontology.taxonomy import Ontology
from classvec.settings import ImageFolder as Settings


class ImageFolder(ImageFiles):
    """A folder with one folder for each class, such as ``n02084071/anything.jpg`` or ``dog.n.01/anything.jpg``.

    Args:
        settings: The folder, and which classes and images of it.
        ontology: Turns the names of synsets into ids; None if folders are named by ids.

    Raises:
        FileNotFoundError: If the folder is missing.
        InputError: If a folder stands for no synset or for that of another, or has no image, or there are fewer than
            two classes.
    """

    def __init__(self, settings: Settings, ontology: Ontology | None = None) -> None:
        resolve = ontology.resolve if ontology else ids_only
        folder = existing_root(settings.root)
        folders = class_folders(folder)
        if not any(map(id_in_front, folders)):
            refuse_parts(folder)
        if len(folders) < 2:
            raise InputError(f"{folder} holds {len(folders)} class folders; at least two are required")
        known = synset_ids(folders, folder, mapping=settings.mapping, resolve=resolve, wanted=settings.classes)
        ids = chosen_classes(settings, known, resolve)
        files = {
            synset: [f"{member}/{image}" for member in members for image in images_of_class(folder / member)]
            for synset, members in by_synset(ids, settings.on_same_synset).items()
        }
        super().__init__(folder, settings.name or folder.resolve().name, files, settings, own_names(ids))
