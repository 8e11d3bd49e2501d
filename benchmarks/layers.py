"""The layers as Lambda has them, built once for what they are made from."""

import compileall
import hashlib
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from tests.support.table import ROOT, template

BUILT: Final = Path(__file__).with_name("results") / "layers"
_UNFINISHED: Final = "unfinished-"
_NEEDED_SECONDS: Final = 3600
_BOTO3: Final = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
_UNCHECKED: Final = py_compile.PycInvalidationMode.UNCHECKED_HASH


@cache
def folders(function: str) -> tuple[str, ...]:
    """What the function of ``functions/<function>`` imports from: its own folder, its layers."""
    properties = _properties(function)
    shared: list[str] = template()["Globals"]["Function"]["Layers"]
    layers = [*shared, *properties.get("Layers", [])]
    return (str(ROOT / "functions" / function), *(str(built(layer)) for layer in layers))


@cache
def bare() -> tuple[str, ...]:
    """A folder with boto3 and what it needs, as pip installs them: compiled, and with the models of
    all services."""
    target = BUILT / f"boto3-{metadata.version('botocore')}-{sys.implementation.cache_tag}"
    if not target.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILT, prefix=_UNFINISHED) as folder:
            copy = Path(folder) / "boto3"
            for name in _BOTO3:
                _copy(metadata.distribution(name), copy)
            if not compileall.compile_dir(copy, quiet=1, invalidation_mode=_UNCHECKED):
                raise RuntimeError("boto3 could not be compiled")
            copy.rename(target)
    return (str(target),)


def _copy(package: metadata.Distribution, target: Path) -> None:
    """Its files, without scripts, which stand outside of the packages' folder."""
    for file in package.files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            copied = target / file
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), copied)


@cache
def built(layer: str) -> Path:
    """The ``python`` folder of a layer, as its Makefile builds it for this machine."""
    source = ROOT / template()["Resources"][layer]["Properties"]["ContentUri"]
    target = BUILT / f"{layer}-{_fingerprint(source)}"
    if not target.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        _forget_older(layer)
        with tempfile.TemporaryDirectory(dir=BUILT, prefix=_UNFINISHED) as folder:
            _build(layer, source, Path(folder))
            (Path(folder) / "layer").rename(target)
    return target / "python"


def _build(layer: str, source: Path, folder: Path) -> None:
    environment = {
        **os.environ,
        "ARTIFACTS_DIR": str(folder / "layer"),
        "ORDERHUB_TARGET": "native",
        "ORDERHUB_PYTHON": sys.executable,
    }
    command = ["make", "--no-print-directory", "-C", str(source), f"build-{layer}"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def _forget_older(layer: str) -> None:
    """What was built from other files, unless so lately that another run may still need it."""
    for older in BUILT.glob(f"{layer}-*"):
        if time.time() - older.stat().st_mtime > _NEEDED_SECONDS:
            shutil.rmtree(older, ignore_errors=True)


def _properties(function: str) -> dict[str, Any]:
    for resource in template()["Resources"].values():
        properties: dict[str, Any] = resource.get("Properties", {})
        if properties.get("CodeUri") == f"functions/{function}":
            return properties
    raise LookupError(f"the template has no function in functions/{function}")


def _fingerprint(source: Path) -> str:
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(source)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
