"""``medvlsam2 models``: which published weights there are, and how they come to this machine."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from MedVLSAM2Lib.catalogue import (
    CatalogueEntry,
    CatalogueError,
    DownloadError,
    DownloadProgress,
    Hub,
    ModelStore,
    Removal,
)
from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.commands.model_descriptions import described, table_of_models

logger = logging.getLogger(__name__)

Action = Callable[[ModelStore, argparse.Namespace], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    places = argparse.ArgumentParser(add_help=False)
    places.add_argument("--data", type=Path, metavar="DIR", help="where the list of installed models is kept")
    places.add_argument("--cache", type=Path, metavar="DIR", help="the Hugging Face cache; else HF_HUB_CACHE's")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    def action(name: str, summary: str, does: Action) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=summary, description=summary, parents=[places])
        added.set_defaults(does=does)
        return added

    action("list", "every model with its licence and needs, and whether it is here", _list)
    action("info", "all that is known of a model", _info).add_argument("name")
    _add_download_arguments(action("download", "fetch a model from the Hugging Face hub, or go on fetching", _download))
    _add_import_arguments(action("import", "take a model from a folder; nothing is downloaded", _import))
    _add_bundle_arguments(action("bundle", "write a folder to carry to a machine without a network", _bundle))
    _add_convert_arguments(
        action("convert", "make a checkpoint of a model that is here, for the panel and segment", _convert)
    )
    action("remove", "delete what this program downloaded of a model", _remove).add_argument("name")
    verify = action("verify", "compare every file with what was recorded when it arrived", _verify)
    verify.add_argument("name", nargs="?", help="one model; else all that are here")


def run(arguments: argparse.Namespace) -> int:
    """0 done, 1 something is missing (a yes to the licence, the network, room, whole files), 2 unusable input."""
    try:
        does: Action = arguments.does
        return does(ModelStore(arguments.data, Hub(arguments.cache)), arguments)
    except DownloadError as error:
        logger.error("%s", error)
        return 1
    except CatalogueError as error:
        logger.error("%s", error)
        return 2


def _add_download_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--format", metavar="FORMAT", help="another than the first that info shows")
    parser.add_argument(
        "--accept-licence",
        nargs="?",
        const="",
        metavar="TAG",
        help="your yes to the licence that info shows, or to TAG",
    )


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a bundle, a folder of the Hugging Face cache, or the plain files")
    parser.add_argument("--name", help="the model, where the files alone do not tell")
    parser.add_argument("--copy", action="store_true", help="copy the files instead of using them where they are")


def _add_bundle_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument("--format", metavar="FORMAT", help="which, when several are here")


def _add_convert_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("folder", type=Path, nargs="?", help="a new folder; the one the panel looks in when left out")
    parser.add_argument("--format", metavar="FORMAT", help="which, when several are here")
    parser.add_argument(
        "--image-size", type=int, metavar="PIXELS", help="of a slice, e.g. 512; its training's when left out"
    )


def _list(store: ModelStore, _: argparse.Namespace) -> int:
    sys.stdout.write(table_of_models(store))
    return 0


def _info(store: ModelStore, arguments: argparse.Namespace) -> int:
    sys.stdout.write(described(store, arguments.name))
    return 0


def _download(store: ModelStore, arguments: argparse.Namespace) -> int:
    entry = store.catalogue.entry(arguments.name)
    _tell_licence(entry)
    accepted = entry.licence.tag if arguments.accept_licence == "" else arguments.accept_licence
    # It tells of every retry; what matters to the user is in the one sentence at the end.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    model = store.download(arguments.name, accepted, arguments.format, _Percent())
    sys.stdout.write(f"{model.name}: {in_words(model.size_bytes)} at {model.revision[:12]} in {model.folder}\n")
    return 0


def _tell_licence(entry: CatalogueEntry) -> None:
    logger.info("%s is under the licence %s: %s", entry.title, entry.licence.tag, entry.licence.url)
    if entry.licence.note:
        logger.info("%s", entry.licence.note)


def _import(store: ModelStore, arguments: argparse.Namespace) -> int:
    model = store.import_folder(arguments.folder, arguments.name, arguments.copy)
    _tell_licence(store.catalogue.entry(model.name))
    sys.stdout.write(f"{model.name}: {in_words(model.size_bytes)} in {model.folder}\n")
    return 0


def _bundle(store: ModelStore, arguments: argparse.Namespace) -> int:
    store.bundle(arguments.name, arguments.folder, arguments.format)
    sys.stdout.write(f"{arguments.folder}: carry it over and run medvlsam2 models import there.\n")
    return 0


def _convert(store: ModelStore, arguments: argparse.Namespace) -> int:
    # torch and transformers take seconds to import; no other action needs them.
    from MedVLSAM2Lib.commands.conversion import convert_model

    entry = store.catalogue.entry(arguments.name)
    source = store.folder(entry.name, arguments.format)
    folder = arguments.folder or store.checkpoint_folder(entry.name)
    convert_model(entry, source, folder, arguments.image_size)
    sys.stdout.write(f"{folder}: choose it in the panel, or give it to segment as --checkpoint.\n")
    return 0


def _remove(store: ModelStore, arguments: argparse.Namespace) -> int:
    sys.stdout.write(_removed(arguments.name, store.remove(arguments.name)))
    return 0


def _removed(name: str, removal: Removal) -> str:
    kept = (
        f" {len(removal.kept)} files stay where they are: this program did not put them there." if removal.kept else ""
    )
    return f"{name}: {in_words(removal.freed_bytes)} freed.{kept}\n"


def _verify(store: ModelStore, arguments: argparse.Namespace) -> int:
    names = [arguments.name] if arguments.name else [entry.name for entry in store.catalogue.entries]
    problems = 0
    for name in names:
        presence = store.presence(name)
        if not arguments.name and not presence.models and not presence.is_bundled:
            continue
        found = store.verify(name)
        sys.stdout.write(
            f"{name}: {'whole' if not found else 'not whole'}\n" + "".join(f"  {text}\n" for text in found)
        )
        problems += len(found)
    return 1 if problems else 0


class _Percent:
    """Writes a line each time another five percent are there."""

    def __init__(self) -> None:
        self._written = -1

    def __call__(self, progress: DownloadProgress) -> None:
        step = int(20 * progress.fraction)
        if step > self._written:
            self._written = step
            logger.info("%3d %% of %s, %s", 5 * step, in_words(progress.total_bytes), progress.file)
