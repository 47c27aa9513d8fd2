"""Image names, the catalogue and the store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kitlib.embedded.kubelet.images import store
from kitlib.embedded.kubelet.images.catalogue import Catalogue, ImageNotFound
from kitlib.embedded.kubelet.images.reference import ImageReference, InvalidImageName
from kitlib.embedded.kubelet.images.store import ImageStore


@pytest.mark.parametrize(
    ("text", "name", "normalized"),
    [
        ("nginx", "nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27-alpine", "nginx", "docker.io/library/nginx:1.27-alpine"),
        ("bitnami/redis:7.2", "redis", "docker.io/bitnami/redis:7.2"),
        ("registry.k8s.io/nginx-slim:0.24", "nginx-slim", "registry.k8s.io/nginx-slim:0.24"),
        ("localhost:5000/team/nginx", "nginx", "localhost:5000/team/nginx:latest"),
        ("nginx@sha256:" + "a" * 64, "nginx", "docker.io/library/nginx@sha256:" + "a" * 64),
    ],
)
def test_references(text: str, name: str, normalized: str) -> None:
    reference = ImageReference.parse(text)
    assert (reference.name, reference.normalized) == (name, normalized)


@pytest.mark.parametrize("text", ["", "Nginx", "nginx:", "nginx:a b", "nginx//x", "-nginx", "nginx@sha256:12"])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidImageName, match="couldn't parse image name"):
        ImageReference.parse(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx", "nginx"),
        ("nginx:1.27", "nginx"),
        ("nginx:stable-alpine", "nginx"),
        ("registry.k8s.io/nginx-slim:0.24", "nginx"),
        ("redis:7-alpine", "redis"),
        ("busybox:1.36", "busybox"),
        ("registry.k8s.io/pause:3.10", "pause"),
        ("registry.k8s.io/e2e-test-images/agnhost:2.53", "agnhost"),
        ("registry.k8s.io/e2e-test-images/httpd:2.4.39-4", "httpd"),
    ],
)
def test_images_that_exist(text: str, name: str) -> None:
    assert Catalogue.builtin().find(ImageReference.parse(text)).name == name


@pytest.mark.parametrize(
    "text", ["nginx:broken", "nginx:does-not-exist", "redis:nope", "busybox:none", "nginxx", "mysql:8", "nginx-nope"]
)
def test_images_that_do_not_exist(text: str) -> None:
    with pytest.raises(ImageNotFound, match="failed to resolve reference"):
        Catalogue.builtin().find(ImageReference.parse(text))


async def test_a_pull_unpacks_once_and_names_the_program(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    assert not store.is_present("nginx:1.26")
    first = await store.pull("nginx:1.26")
    second = await store.pull("nginx:1.27")
    assert store.is_present("nginx:1.26")
    assert first.layers == second.layers
    assert first.id.endswith("#nginx")
    assert first.id.startswith("docker.io/library/nginx@sha256:")
    assert (first.layers[0] / "usr/lib/nginx/nginx").stat().st_size == first.size
    assert first.layers[0].parent == tmp_path


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_pull_that_is_given_up_leaves_the_image_to_the_next_one(tmp_path: Path) -> None:
    """A pod that is deleted at once must not spoil the image for the one that comes in its place."""
    store = ImageStore(tmp_path / "images")
    first = asyncio.create_task(store.pull("busybox:1.36"))
    await asyncio.sleep(0)
    first.cancel()
    pulled = await store.pull("busybox:1.36")
    assert names(tmp_path / "images") == [pulled.layers[0].name]


async def test_what_could_not_be_unpacked_is_tried_again(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    (tmp_path / "images").write_text("in the way")
    with pytest.raises(OSError, match="images"):
        await store.pull("pause:3.10")
    (tmp_path / "images").unlink()
    assert (await store.pull("pause:3.10")).layers[0].is_dir()


async def test_nginx_has_curl_also_where_the_machine_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = tmp_path / "bin"
    machine.mkdir()
    monkeypatch.setattr(store, "_USERLAND", str(machine))
    [layer] = (await ImageStore(tmp_path / "without").pull("nginx")).layers
    assert (layer / "usr/bin/curl").exists() and (layer / "usr/lib/kit/run").exists()
    (machine / "curl").touch(mode=0o755)
    pulled = await ImageStore(tmp_path / "with").pull("nginx")
    assert not (pulled.layers[0] / "usr/lib/kit").exists() and pulled.mounts == ()
